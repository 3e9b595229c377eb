"""The data path: pictures opened one by one against the product's store.

python -m benchmarks.part.data pictures|cached|floats FOLDER RESOLUTIONS(JSON) MARGIN BATCH

All give every resolution of a random crop that is mirrored half of the time. `pictures` is the
published way: open the JPEG, cut the box out, resize, crop, mirror, resize for each stage and
normalise to [-1, 1], picture by picture. `cached` is the product's: a memory-mapped store of uint8
squares made once, and whole batches, which travel as uint8; `floats` normalises them as well, which
a GPU does where there is one.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.case import split_of
from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.data.augment import crop_and_flip, pyramid, resize
from experiments.data.batches import Batches
from experiments.data.images import crop_window, read_crop
from experiments.data.record import Box
from experiments.data.view.caption import CaptionView
from experiments.data.view.picture import PictureView, StoredPictures
from experiments.machine.setup import set_up

WIDTH, HEIGHT = 500, 375  # of CUB's photographs, about
BOX: Box = (110, 60, 240, 210)  # a bird of middling size
STORE = "store.npy"
PICTURES, BATCH, MARGIN = 96, 16, 1.1875
SIDES = ([64, 128, 256], [64, 128, 256, 512])


def measure(options: Namespace) -> list[Row]:
    """The pyramids of three and of four stages, and whether they are PIL's."""
    rows = []
    for sides in SIDES:
        rows += rows_of(sides, options)
        most = {side: difference_to_pil(side, sides[-1]) for side in sides[:-1]}
        title = f"levels of 255 from PIL's pyramid, {sides[-1]} px"
        remarks = [f"at {side} px: {levels}" for side, levels in most.items() if levels]
        rows.append(Row("data", title, max(most.values()), "", "pyramid", remarks=remarks))
    return rows


def rows_of(sides: list[int], options: Namespace) -> list[Row]:
    """JPEGs one by one against the store, to uint8 and to floats."""
    variants = ("pictures", "cached", "floats")
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as name:
        made = make_pictures(Path(name), PICTURES, int(sides[-1] * MARGIN))
        passed = [name, json.dumps(sides), str(MARGIN), str(BATCH)]
        commands = {key: ["benchmarks.part.data", key, *passed] for key in variants}
        timings = take_turns(commands, options.rounds, 1, f"data at {sides[-1]} px")
    title = f"{'/'.join(map(str, sides))} px from {WIDTH}x{HEIGHT} JPEGs, to"
    plain, key = timings["pictures"], f"data {sides[-1]}"
    row = faster("data", f"{title} uint8", plain, timings["cached"], key)
    row.details["store_seconds"] = made.seconds
    return [row, faster("data", f"{title} floats", plain, timings["floats"])]


def difference_to_pil(side: int, size: int) -> int:
    """The largest, in levels, of noise of `size` px resized to `side`: ours from PIL's bilinear."""
    pixels = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    ours = resize(torch.from_numpy(pixels[None]).permute(0, 3, 1, 2), side)[0].permute(1, 2, 0)
    theirs = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
    return int(np.abs(ours.numpy().astype(int) - np.asarray(theirs).astype(int)).max())


class Pictures(NamedTuple):
    """What both variants read, and what the store cost: seconds for each picture."""

    folder: Path
    seconds: float


def make_pictures(folder: Path, count: int, length: int) -> Pictures:
    """Write JPEGs, and the store of `length` px made from them."""
    write_jpegs(folder, count)
    store = np.lib.format.open_memmap(
        folder / STORE, mode="w+", dtype=np.uint8, shape=(count, length, length, 3)
    )
    began = time.process_time()
    for number, path in enumerate(sorted(folder.glob("*.jpg"))):
        store[number] = read_crop(path, length, BOX)
    store.flush()
    return Pictures(folder, (time.process_time() - began) / count)


def write_jpegs(folder: Path, count: int) -> None:
    """JPEGs of smooth noise with grain, some 50 kB each."""
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = rng.integers(0, 256, (HEIGHT // 12, WIDTH // 12, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 9, (HEIGHT, WIDTH, 3))
        pixels = np.clip(np.asarray(smooth) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:04d}.jpg", quality=92)


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
            small = picture
            if side != sides[-1]:
                small = picture.resize((side, side), Image.Resampling.BILINEAR)
            row.append((torch.from_numpy(np.array(small)).permute(2, 0, 1) / 255 - 0.5) / 0.5)
    return [torch.stack(row) for row in rows]


def from_cache(
    folder: Path, sides: list[int], batch: int, floats: bool
) -> Callable[[], list[Tensor]]:
    """Batches in the product's way."""
    images = np.load(folder / STORE, mmap_mode="r")
    split = split_of(images, max_words=18, vocabulary=100, rng=np.random.default_rng(0))
    views = [CaptionView(mismatch="roll").of(split), PictureView(sides).of(split)]
    batches, seen = Batches(split, batch, 0, views), 0

    def one() -> list[Tensor]:
        nonlocal seen
        made = batches.at(seen).of(StoredPictures)
        seen += batch
        crops = crop_and_flip(made.pixels, made.offsets, made.flips, sides[-1])
        return pyramid(crops, sides) if floats else [resize(crops, side) for side in sides]

    return one


def main(arguments: list[str]) -> None:
    """Serve one variant."""
    variant, folder, sides = arguments[0], Path(arguments[1]), json.loads(arguments[2])
    margin, batch = float(arguments[3]), int(arguments[4])
    plain = variant == "pictures"
    set_up({"device": "cpu", "threads": 1, "allocator": not plain}, 1)
    paths = sorted(folder.glob("*.jpg"))
    cached = from_cache(folder, sides, batch, variant == "floats")
    turns = 1 if plain else 8

    def work() -> int:
        for _ in range(turns):
            if plain:
                one_by_one(paths, sides, margin, batch)
            else:
                cached()
        return turns * batch

    serve(work, "cpu")


if __name__ == "__main__":
    main(sys.argv[1:])
