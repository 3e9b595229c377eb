"""Pictures and sounds of your own recordings, in layouts that are read as published sets are.

    python -m experiments.clip.pairs cello/*.mp4 --every 0.5 --sound 0.5 --out DIR --label cello
    python run.py model=cross_modal_s2i data=sub_urmp data.root=DIR

    python -m experiments.clip.pairs ann.mp4 --every 1 --sound 1 --out DIR --layout youtubers

A picture is what is seen at a moment, its WAV what is heard about that moment, half before and half
after it. The end of each video is kept to test on (--test 0.2), since frames that follow one
another are alike. A folder that is there is added to.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from experiments.clip.bound import FILM
from experiments.clip.command import of_file, seconds
from experiments.clip.decode import frames_of
from experiments.clip.frames import seen
from experiments.clip.sound import heard, write_wav
from experiments.clip.still import read_still, write_still
from experiments.file.name import plain
from experiments.file.whole import remove
from experiments.terminal.command import Parser, answering
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.line import number_of, say, show
from experiments.terminal.progress import Progress

SILENT = 2.0**-15  # of full scale, as where sounds are read
RATES = {"sub_urmp": 44_100, "youtubers": 16_000}  # Hz, as the sets have them
Places = tuple[str, str]  # of a picture and its sound, below the folder


def sub_urmp(label: str, video: str, number: int, tested: bool) -> Places:
    """`img/<split>/<label>/<label>_<video>_<n>.jpg` and `chunk/...wav`."""
    split = "validation" if tested else "train"
    name = f"{split}/{label}/{label}_{video}_{number}"
    return f"img/{name}.jpg", f"chunk/{name}.wav"


def youtubers(label: str, video: str, number: int, tested: bool) -> Places:
    """`<split>/<label>/<video>/cropped_face_frame_<n>.png` and its `preprocessed_frame_<n>.wav`.
    Nothing is cropped: give it videos of faces, or crop them before."""
    folder = f"{'test' if tested else 'train'}/{label}/{video}"
    return f"{folder}/cropped_face_frame_{number}.png", f"{folder}/preprocessed_frame_{number}.wav"


LAYOUTS: dict[str, Callable[[str, str, int, bool], Places]] = {
    "sub_urmp": sub_urmp,
    "youtubers": youtubers,
}


def write_pairs(path: Path, folder: Path, options: argparse.Namespace, label: str) -> Counter[str]:
    """The pairs of one video into a folder; how many of each kind. Raises `UserError`."""
    place, video = LAYOUTS[options.layout], slug(path.stem)
    rate = options.rate or RATES[options.layout]
    pictures: dict[int, Path] = {}
    counts = Counter[str]()
    with Progress(0, description=path.name) as progress:
        frames = frames_of(path, options.side, 0.0, FILM)
        for number, (_, pixels) in enumerate(seen(frames, options.every)):
            pictures[number] = folder / f"{number}.png"
            write_still(pictures[number], pixels)
            progress.update(number + 1)
        sounds = dict(_sounds(path, rate, options.every, options.sound, len(pictures)))
    if not sounds:
        raise UserError(f"{plain(path)}: nothing is heard in it for {options.sound:g} s")
    first_tested = len(sounds) - round(options.test * len(sounds))
    for order, (number, wave) in enumerate(sorted(sounds.items())):
        picture, sound = place(label, video, number, order >= first_tested)
        _move(pictures[number], folder / picture)
        write_wav(folder / sound, wave, rate)
        counts["tested" if order >= first_tested else "trained"] += 1
        counts["silent"] += bool(np.abs(wave - wave.mean()).max() < SILENT)
    for number, left in pictures.items():
        if number not in sounds:
            left.unlink()
            counts["at an end"] += 1
    return counts


def _sounds(
    path: Path, rate: int, every: float, length: float, count: int
) -> Iterator[tuple[int, np.ndarray]]:
    """What is heard about each of `count` moments, where that is all there."""
    size, held, first = round(length * rate), np.zeros(0, np.float32), 0
    number = 0
    for place, samples in heard(path, rate, bounds=FILM):
        if place > first + len(held):  # it begins later than the frames
            held = np.concatenate([held, np.zeros(place - first - len(held), np.float32)])
        held = np.concatenate([held, samples])
        while number < count:
            begin = round((number * every - length / 2) * rate)
            if begin < 0:
                number += 1
                continue
            if begin + size > first + len(held):
                break
            yield number, held[begin - first : begin - first + size].clip(-1, 1)
            number += 1
        begin = max(0, round((number * every - length / 2) * rate)) if number < count else 1 << 60
        gone = min(max(begin - first, 0), len(held))
        held, first = held[gone:], first + gone


def _move(source: Path, target: Path) -> None:
    """A picture to its place; as JPEG where it is called so."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == source.suffix:
        source.rename(target)
        return
    write_still(target, read_still(source))
    source.unlink()


def slug(name: str) -> str:
    """A name as a part of others: letters and digits, words joined by `-`."""
    return "-".join(re.findall(r"[^\W_]+", name)) or "video"


def _work(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    if not 0 <= options.test < 1:
        raise UserError(f"--test {options.test:g}: give a share from 0 to less than 1")
    names = [slug(path.stem) for path in options.videos]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UserError(f"two videos are called {twice[0]}; give them different names")
    total = Counter[str]()
    for path in options.videos:
        label = slug(options.label or path.absolute().parent.name)
        partial = options.out / f".{os.getpid()}.partial"  # nothing is half there after a stop
        partial.mkdir(parents=True)
        try:
            total += write_pairs(path, partial, options, label)
            _merge(partial, options.out)
        except BadInput as error:
            raise of_file(path, error) from None
        finally:
            remove(partial)
    if total["silent"]:
        say(f"{total['silent']:,} of them are silent: whoever hears leaves them out")
    show(
        f"{plain(options.out)}: {number_of(total['trained'] + total['tested'], 'pair', ',')}, "
        f"{total['tested']:,} "
        f"of them to test on; {total['at an end']:,} moments without the whole sound left out; "
        f"read them with data={options.layout} data.root={plain(options.out)}"
    )


def _merge(source: Path, target: Path) -> None:
    """Every file below `source` to the same place below `target`, unless one is there."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    for path in files:
        if (target / path.relative_to(source)).exists():
            raise UserError(f"--out {plain(target)}: has pairs of this video; name a new folder")
    for path in files:
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)


def _parser() -> Parser:
    form = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        "python -m experiments.clip.pairs", description=str(__doc__), formatter_class=form
    )
    parser.add_argument("videos", type=Path, nargs="+", help="videos with sound")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the data set")
    parser.add_argument("--every", type=seconds, required=True, help="seconds from pair to pair")
    parser.add_argument("--sound", type=seconds, required=True, help="seconds of each sound")
    parser.add_argument("--label", help="the class; else the name of the folder of each video")
    parser.add_argument("--layout", choices=list(LAYOUTS), default="sub_urmp")
    parser.add_argument("--test", type=float, default=0.2, help="share of each video, its end")
    parser.add_argument("--rate", type=int, help=f"Hz; else {RATES}")
    parser.add_argument("--side", type=int, help="px to which the shorter side is made smaller")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Do it; returns the exit code."""
    return answering(lambda: _work(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
