"""A film to pictures, and pictures to a film.

    python -m experiments.clip.frames film.mp4 --every 0.1 --out pictures
    python -m experiments.clip.frames film.mp4 --count 16 --out pictures
    python -m experiments.clip.frames pictures --rate 10 --out film.mp4

Pictures are those that are seen at each moment: in a film of a variable rate, too. Without --every
and --count every frame is one. `frames.json` beside them says the time of each, which the way back
goes by; pictures of others are shown at --rate.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from experiments.clip.bound import BOUNDS, FILM, Frame
from experiments.clip.command import moment, of_file, require_new, seconds
from experiments.clip.decode import LATE, frames_of
from experiments.clip.still import KINDS, read_all, stills_of, write_still
from experiments.clip.write import ENCODERS, require_suffix, write_clip, write_video
from experiments.file.bounded import read_bounded
from experiments.file.name import plain
from experiments.file.parse import parse_json
from experiments.file.whole import aside, write_json
from experiments.terminal.command import Parser, answering
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.line import number_of, show
from experiments.terminal.progress import Progress

TIMES = "frames.json"
PACE = 10.0  # frames a second where nothing says it
MOST = 10_000_000  # bytes of frames.json
Seen = tuple[float, np.ndarray]  # seconds, and what is seen then


def seen(frames: Iterable[Frame], step: float, start: float = 0.0) -> Iterator[Seen]:
    """What is seen at `start`, `start + step`, ... until the film ends."""
    number, last = 0, None
    for frame in frames:
        while last is not None and start + number * step < frame.time - LATE:
            yield start + number * step, last.pixels
            number += 1
        last = frame
    while last is not None and start + number * step < last.time + last.lasts - LATE:
        yield start + number * step, last.pixels
        number += 1


def chosen(path: Path, options: argparse.Namespace) -> Iterator[Seen]:
    """The moments and pictures that the options ask for."""
    side, start, end = options.side, options.start, options.end
    frames = frames_of(path, side, start, FILM)
    if options.count is not None:
        times = [f.time for f in frames_of(path, 8, start, FILM) if end is None or f.time < end]
        if not times:
            return
        wanted = np.linspace(0, len(times) - 1, options.count).round().astype(int)
        repeats = np.bincount(wanted, minlength=len(times))
        for frame, times_taken in zip(frames, repeats, strict=False):
            yield from [(frame.time, frame.pixels)] * int(times_taken)
        return
    found: Iterator[Seen] = (
        ((frame.time, frame.pixels) for frame in frames)
        if options.every is None
        else seen(frames, options.every, start)
    )
    for at, pixels in found:
        if end is not None and at >= end - LATE:
            return
        yield at, pixels


def to_pictures(path: Path, options: argparse.Namespace) -> int:
    """Write the pictures of a film; how many. Raises `UserError` for what is no film."""
    require_new(options.out)
    times: list[float] = []
    with aside(options.out, alone=True) as folder, Progress(0, description=path.name) as progress:
        folder.mkdir(parents=True)
        try:
            for number, (at, pixels) in enumerate(chosen(path, options), 1):
                write_still(folder / f"{number:06d}.{options.format}", pixels)
                times.append(round(at, 6))
                progress.update(number)
        except BadInput as error:
            raise of_file(path, error) from None
        if not times:
            raise UserError(f"{plain(path)}: shows nothing from --start to --end")
        write_json(folder / TIMES, {"of": path.name, "every": options.every, "times": times})
    return len(times)


def to_film(folder: Path, out: Path, rate: float | None) -> int:
    """Write the film of a folder of pictures; how many there were. Raises `UserError`."""
    suffix, paths = require_suffix(out), stills_of(folder)
    if out.exists():
        raise UserError(f"--out {plain(out)}: is there already; name a new file")
    times = None if rate is not None else _times(folder, len(paths))
    with Progress(len(paths), description=out.name) as progress:
        pictures = _counted(read_all(paths), progress)
        if suffix in ENCODERS:
            return write_video(pictures, out, rate or PACE, times)
        frames, held = list[np.ndarray](), 0
        for pixels in pictures:
            frames.append(pixels)
            held += pixels.nbytes
            if held > BOUNDS.held:
                raise UserError(f"{plain(out)}: too long for a {suffix}; write an .mp4")
        if times is not None and len(times) > 1:
            rate = (len(times) - 1) / (times[-1] - times[0])
        write_clip(np.stack(frames), out, rate or PACE)
    return len(frames)


def _counted(pictures: Iterator[np.ndarray], progress: Progress) -> Iterator[np.ndarray]:
    for number, pixels in enumerate(pictures, 1):
        yield pixels
        progress.update(number)


def _times(folder: Path, count: int) -> list[float] | None:
    """Those that were written with the pictures; None where they are of others, or not all."""
    path = folder / TIMES
    if not path.is_file():
        return None
    try:
        found = parse_json(read_bounded(path, MOST).decode("utf-8", "replace"))
        times = [float(value) for value in found["times"]]
    except (ValueError, TypeError, KeyError, OverflowError, json.JSONDecodeError):
        raise UserError(f"{plain(path)}: says no times; delete it, and give --rate") from None
    if len(times) != count or any(after <= before for before, after in pairwise(times)):
        return None
    return [value - times[0] for value in times]


def _work(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    source: Path = options.source
    if source.is_dir():
        count = to_film(source, options.out, options.rate)
        show(f"{plain(options.out)}: {number_of(count, 'frame', ',')}")
        return
    if options.rate is not None:
        raise UserError(
            "--rate: is of a folder of pictures; give --every S or --count N for a film"
        )
    count = to_pictures(source, options)
    show(f"{plain(options.out)}: {number_of(count, 'picture', ',')}, and {TIMES} with their times")


def _parser() -> Parser:
    about = str(__doc__)
    form = argparse.RawDescriptionHelpFormatter
    parser = Parser("python -m experiments.clip.frames", description=about, formatter_class=form)
    parser.add_argument("source", type=Path, help="a film, or a folder of pictures")
    parser.add_argument("--out", type=Path, required=True, help="a new folder, or a new film")
    parser.add_argument("--every", type=seconds, help="seconds from picture to picture")
    parser.add_argument("--count", type=int, help="so many pictures at equal distances")
    parser.add_argument("--start", type=moment, default=0.0, help="seconds of the film to begin at")
    parser.add_argument("--end", type=seconds, help="seconds of the film to end before")
    parser.add_argument("--side", type=int, help="px to which the shorter side is made smaller")
    parser.add_argument("--format", choices=list(KINDS), default="png", help="of pictures")
    parser.add_argument("--rate", type=seconds, help="pictures a second of a film")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Do it; returns the exit code."""
    return answering(lambda: _work(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
