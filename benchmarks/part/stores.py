"""Batches of 256 px from the three stores of pictures against a plain `DataLoader` over the files.

python -m benchmarks.part.stores files|pixels|encoded|stream FOLDER BATCH

`files` opens a JPEG, makes its shorter side 304 px, cuts 256 px at random, mirrors half of them and
normalises, picture by picture, in the process itself. The others are the product's: squares of 304
px as pixels or as JPEG, and those of a tar of the same files; whole batches are cut and mirrored,
and travel as uint8. Each has one core.
"""

from __future__ import annotations

import io
import json
import random
import sys
import tarfile
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.part.data import write_jpegs
from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.data.augment import crop_and_flip
from experiments.data.batches import Batches
from experiments.data.reader.hub import Hub
from experiments.data.store import dataset as store
from experiments.data.store.choice import STORES
from experiments.data.store.keep import Kept
from experiments.data.view.caption import CaptionView
from experiments.data.view.picture import PictureView, StoredPictures
from experiments.machine.setup import set_up

PICTURES, BATCH, CROP, SIZE = 256, 16, 256, 304
FILES, TARS, CACHE = "files", "tars", "cache"


def measure(options: Namespace) -> list[Row]:
    """Each store against the files, all of them in turn."""
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as name:
        seconds = make(Path(name))
        commands = {
            key: ["benchmarks.part.stores", key, name, str(BATCH)] for key in (FILES, *STORES)
        }
        timings = take_turns(commands, options.rounds, 1, f"stores at {CROP} px")
    rows = []
    for key in STORES:
        title = f"{CROP} px, {key} against a DataLoader over files"
        row = faster("stores", title, timings[FILES], timings[key], f"stores {key}")
        row.details["prepare_seconds"] = seconds[key]
        row.remarks.append(f"prepared once, in {seconds[key] * 1e3:.3g} ms a picture")
        rows.append(row)
    return rows


def make(folder: Path) -> dict[str, float]:
    """The files, a tar of them with captions, and what the stores prepare: seconds a picture."""
    (folder / FILES).mkdir()
    write_jpegs(folder / FILES, PICTURES)
    (folder / TARS).mkdir()
    with tarfile.open(folder / TARS / "train-0000.tar", "w") as archive:
        for path in sorted((folder / FILES).glob("*.jpg")):
            archive.add(path, path.name)
            text = f"picture {path.stem}".encode()
            about = tarfile.TarInfo(f"{path.stem}.txt")
            about.size = len(text)
            archive.addfile(about, io.BytesIO(text))
    seconds: dict[str, float] = {}
    for key in STORES:
        records = opened(folder, key, None)  # of which the table is prepared before it is timed
        began = time.process_time()
        Kept(key, records.folder, SIZE).build(records.reader, records.records(), 1, quiet=True)
        seconds[key] = (time.process_time() - began) / PICTURES
    return seconds


def opened(folder: Path, key: str, size: int | None = SIZE) -> store.Dataset:
    """The data set, with its pictures in a store, prepared where they are not."""
    reader = Hub(str(folder / TARS), test_share=0.01)
    cache = folder / CACHE / key
    return store.open_dataset(reader, size, cache, quiet=True, workers=1, store=key)


class Files(Dataset[Tensor]):
    """One picture in the published way, (3, 256, 256)."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.glob("*.jpg"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.paths[index]) as file:
            picture = file.convert("RGB")
        scale = SIZE / min(picture.size)
        fitted = round(picture.width * scale), round(picture.height * scale)
        picture = picture.resize(fitted, Image.Resampling.BILINEAR)
        left, top = (random.randint(0, side - CROP) for side in picture.size)
        picture = picture.crop((left, top, left + CROP, top + CROP))
        if random.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return (torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255 - 0.5) / 0.5


def from_files(folder: Path, batch: int) -> Callable[[], Tensor]:
    """Batches of a `DataLoader`, epoch after epoch."""
    loader = DataLoader(Files(folder / FILES), batch, shuffle=True, drop_last=True)

    def endless() -> Iterator[Tensor]:
        while True:
            yield from loader

    return endless().__next__


def from_store(folder: Path, key: str, batch: int) -> Callable[[], Tensor]:
    """Batches in the product's way."""
    dataset = opened(folder, key)
    views = [CaptionView(mismatch="roll"), PictureView([CROP])]
    views = [view.open(dataset, dataset.train) for view in views]
    batches, seen = Batches(dataset.train, batch, 0, views), 0

    def one() -> Tensor:
        nonlocal seen
        made = batches.at(seen).of(StoredPictures)
        seen += batch
        return crop_and_flip(made.pixels, made.offsets, made.flips, CROP)

    return one


def main(arguments: list[str]) -> None:
    """Serve one variant."""
    variant, folder, batch = arguments[0], Path(arguments[1]), int(arguments[2])
    set_up({"device": "cpu", "threads": 1, "allocator": variant != FILES}, 1)
    one = from_files(folder, batch) if variant == FILES else from_store(folder, variant, batch)
    turns = 32 if variant == "pixels" else 4

    def work() -> int:
        for _ in range(turns):
            made = one()
            assert made.shape == (batch, 3, CROP, CROP), made.shape
        return turns * batch

    note = json.dumps({"pictures": PICTURES, "size": SIZE})
    serve(work, "cpu", note)


if __name__ == "__main__":
    main(sys.argv[1:])
