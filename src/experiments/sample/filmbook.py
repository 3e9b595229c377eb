"""Clips of invented data to look at: birds that move, and digits that bounce.

    python -m experiments.sample.filmbook --out films

writes one bird of the test split for each action as a GIF, `birds.png`: their frames side by side
under their captions, and the same of a few digits, `digits.png`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from experiments.clip.form import spread
from experiments.clip.write import write_clip
from experiments.data.reader.digits import Digits
from experiments.data.reader.plumage_clips import PlumageClips
from experiments.data.record import Record
from experiments.sample.picture import FAINT, INK, PAPER, font_of, save_png
from experiments.terminal.command import Parser, answering
from experiments.terminal.line import show

SHOWN, SIDE, GAP = 8, 96, 3  # frames of a row, px of each, px between them
HEAD = 26  # px of a caption


def filmbook(folder: Path, seed: int) -> list[Path]:
    """Write the files into a folder; returns their paths."""
    birds = PlumageClips(images_per_species=7, captions=8, side=128, seed=seed)
    birds.check()
    written, rows = [], []
    for number, record in enumerate(acting(birds), start=1):
        frames, rate = birds.clip(record)
        action = record.attributes["action"].replace(" ", "-")
        written.append(write_clip(frames, folder / f"{number}-{action}.gif", rate))
        rows.append(row(fullest(record), frames))
    save_png(stacked(rows), folder / "birds.png")
    few: dict[str, Any] = {"frames": SHOWN, "side": 64, "test_clips": 0, "seed": seed}
    digits = [
        Digits(train_clips=2, **few),
        Digits(digits=2, train_clips=2, **few),
        Digits(motions="circle", train_clips=1, **few),
    ]
    found = [(r, d) for d in digits for r in d.read() if isinstance(r, Record)]
    rows = [row(record.captions[0], reader.clip(record)[0]) for record, reader in found]
    save_png(stacked(rows), folder / "digits.png")
    return [*written, folder / "birds.png", folder / "digits.png"]


def acting(reader: PlumageClips) -> list[Record]:
    """A bird of an unseen species for each action, all of other species; speeds and directions
    take turns."""
    actions = reader.attribute_values()["action"]
    found: dict[str, Record] = {}
    for record in reader.read():
        if not isinstance(record, Record) or record.more.get("unseen") != "species":
            continue
        said, place = record.attributes, len(found)
        wanted = {"action": actions[place], "direction": ("right", "left")[place % 2],
                  "speed": ("fast", "slow")[place // 2 % 2]}  # fmt: skip
        bird = record.key.partition("/")[0]
        if all(said[n] == v for n, v in wanted.items()) and bird not in found:
            found[bird] = record
            if len(found) == len(actions):
                break
    return list(found.values())


def fullest(record: Record) -> str:
    """The caption that states most."""
    counts = [len(stated) for stated in record.mentions]
    return record.captions[int(np.argmax(counts))]


def row(caption: str, frames: np.ndarray) -> Image.Image:
    """A caption over up to `SHOWN` frames (T, H, W, C) at equal distances."""
    some = frames[spread(len(frames), SHOWN)]
    if some.shape[3] == 1:
        some = np.repeat(some, 3, axis=3)
    pictures = [np.asarray(Image.fromarray(f).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
                for f in some]  # fmt: skip
    gap = np.full((SIDE, GAP, 3), PAPER, np.uint8)
    strip = list(chain.from_iterable((picture, gap) for picture in pictures))[:-1]
    picture = Image.new("RGB", (SHOWN * (SIDE + GAP) + 13, HEAD + SIDE), PAPER)
    ImageDraw.Draw(picture).text((8, HEAD - 6), caption, INK, font_of(14), anchor="ls")
    picture.paste(Image.fromarray(np.concatenate(strip, axis=1)), (8, HEAD))
    return picture


def stacked(rows: Sequence[Image.Image]) -> Image.Image:
    """Rows below one another; time runs to the right."""
    sheet = Image.new("RGB", (rows[0].width, sum(r.height for r in rows) + 24), PAPER)
    for number, each in enumerate(rows):
        sheet.paste(each, (0, sum(r.height for r in rows[:number])))
    place = (8, sheet.height - 6)
    ImageDraw.Draw(sheet).text(place, "time runs to the right", FAINT, font_of(12), anchor="ls")
    return sheet


def main(arguments: Sequence[str]) -> int:
    """Write a filmbook; returns the exit code."""
    parser = Parser(
        prog="python -m experiments.sample.filmbook",
        description="Birds of data=plumage_clips as GIFs, and sheets of them and of data=digits.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the files")
    parser.add_argument("--seed", type=int, default=0, help="data.reader.seed")
    return answering(lambda: _write(parser.parse_args(arguments)))


def _write(options: argparse.Namespace) -> None:
    written = filmbook(options.out, options.seed)
    show("\n".join(map(str, written)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
