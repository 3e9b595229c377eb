"""One variant of the data path, as a process that `turns.py` drives.

python -m benchmarks.loader pictures|cached FOLDER RESOLUTIONS(JSON) MARGIN BATCH

Both give the same thing, floats in [-1, 1] at each resolution from a random crop that is mirrored
half of the time. `pictures` is the published way: open the JPEG, cut the box out, resize, crop,
mirror, resize for each stage and normalise, picture by picture. `cached` is the product's: a
memory-mapped store of uint8 squares made once, and whole batches.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.case import split_of
from benchmarks.turns import serve
from experiments.data.augment import crop_and_flip, pyramid
from experiments.data.batches import Batches
from experiments.data.images import crop_window, read_crop
from experiments.data.record import Box

WIDTH, HEIGHT = 500, 375  # of CUB's photographs, about
BOX: Box = (110, 60, 240, 210)  # a bird of middling size
STORE = "store.npy"


class Pictures(NamedTuple):
    """What both variants read, and what the store cost: seconds for each picture."""

    folder: Path
    seconds: float


def make_pictures(folder: Path, count: int, length: int) -> Pictures:
    """Write JPEGs of smooth noise, some 50 kB each, and the store of `length` px made from them."""
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = rng.integers(0, 256, (HEIGHT // 12, WIDTH // 12, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 9, (HEIGHT, WIDTH, 3))
        pixels = np.clip(np.asarray(smooth) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:04d}.jpg", quality=92)
    store = np.lib.format.open_memmap(
        folder / STORE, mode="w+", dtype=np.uint8, shape=(count, length, length, 3)
    )
    began = time.process_time()
    for number, path in enumerate(sorted(folder.glob("*.jpg"))):
        store[number] = read_crop(path, length, BOX)
    store.flush()
    return Pictures(folder, (time.process_time() - began) / count)


def one_by_one(paths: list[Path], sides: list[int], margin: float, batch: int) -> list[Tensor]:
    """A batch in the published way: (batch, 3, r, r) of each side r."""
    rows: list[list[Tensor]] = [[] for _ in sides]
    for path in random.sample(paths, batch):
        with Image.open(path) as file:
            picture = file.convert("RGB")
        picture = picture.crop(crop_window(picture.size, BOX))
        scale = int(sides[-1] * margin) / min(picture.size)
        fitted = [max(int(side * scale), sides[-1]) for side in picture.size]
        picture = picture.resize((fitted[0], fitted[1]), Image.Resampling.BILINEAR)
        left, top = (random.randint(0, side - sides[-1]) for side in picture.size)
        picture = picture.crop((left, top, left + sides[-1], top + sides[-1]))
        if random.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for row, side in zip(rows, sides, strict=True):
            small = picture if side == sides[-1] else picture.resize((side, side))
            row.append((torch.from_numpy(np.array(small)).permute(2, 0, 1) / 255 - 0.5) / 0.5)
    return [torch.stack(row) for row in rows]


def from_cache(folder: Path, sides: list[int], batch: int) -> Callable[[], list[Tensor]]:
    """Batches in the product's way."""
    images = np.load(folder / STORE, mmap_mode="r")
    split = split_of(images, max_words=18, vocabulary=100, rng=np.random.default_rng(0))
    batches, seen = Batches(split, batch, 0, sides[-1], "roll"), 0

    def one() -> list[Tensor]:
        nonlocal seen
        made = batches.at(seen)
        seen += batch
        return pyramid(crop_and_flip(made.pixels, made.offsets, made.flips, sides[-1]), sides)

    return one


def main(arguments: list[str]) -> None:
    """Serve one variant."""
    variant, folder, sides = arguments[0], Path(arguments[1]), json.loads(arguments[2])
    margin, batch = float(arguments[3]), int(arguments[4])
    torch.set_num_threads(1)
    paths = sorted(folder.glob("*.jpg"))
    cached = from_cache(folder, sides, batch)
    turns = 1 if variant == "pictures" else 8

    def work() -> int:
        for _ in range(turns):
            if variant == "pictures":
                one_by_one(paths, sides, margin, batch)
            else:
                cached()
        return turns * batch

    serve(work, "cpu")


if __name__ == "__main__":
    main(sys.argv[1:])
