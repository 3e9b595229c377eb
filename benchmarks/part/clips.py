"""Batches of clips: from the product's store against MP4 files decoded for each batch.

python -m benchmarks.part.clips files|stored|floats FOLDER BATCH

`files` is the usual way: open the file of each clip of a batch, decode it, take 16 frames at equal
distances over all of it, each resized to 48 px, and normalise. `stored` is the product's: a batch
of the view, from the memory map of what the same was done with once, which travels as uint8;
`floats` normalises it as well, which a GPU does where there is one. Needs the extra `video`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.clip.form import ClipForm
from experiments.clip.write import write_clip
from experiments.data.augment import normalise
from experiments.data.store.filming import Filming
from experiments.data.view.clip import ClipView, StoredClips
from experiments.machine.setup import set_up

WIDTH, HEIGHT, LENGTH, RATE = 320, 240, 48, 25.0  # of the files: those of UCF-101, two seconds
STORE = "store.npy"
COUNT, BATCH, MARGIN = 24, 16, 1.125
FORM = ClipForm(16, 48, margin=MARGIN)
REPEATS = {"files": 1, "stored": 40, "floats": 40}  # batches in a turn


def measure(options: Namespace) -> list[Row]:
    """Decoded files against the store, to uint8 and to floats."""
    batch = options.batch or BATCH
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as name:
        seconds = make_clips(Path(name), COUNT)
        commands = {key: ["benchmarks.part.clips", key, name, str(batch)] for key in REPEATS}
        timings = take_turns(commands, options.rounds, 1, "clips", options.threads)
    title = (
        f"{FORM.frames} frames of {FORM.side} px from {WIDTH}x{HEIGHT} MP4 of {LENGTH} frames, to"
    )
    row = faster("clips", f"{title} uint8", timings["files"], timings["stored"], "clips uint8")
    row.details["store_seconds"] = seconds
    return [
        row,
        faster("clips", f"{title} floats", timings["files"], timings["floats"], "clips floats"),
    ]


def make_clips(folder: Path, count: int) -> float:
    """Write MP4 files of smooth noise that drifts, and the store made of them; returns the seconds
    that storing one took."""
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = rng.integers(0, 256, (HEIGHT // 12, WIDTH // 12, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        frames = [np.roll(np.asarray(smooth), 3 * step, axis=1) for step in range(LENGTH)]
        write_clip(np.stack(frames), folder / f"{number:04d}.mp4", RATE)
    shape = (count, FORM.kept, FORM.stored, FORM.stored, FORM.channels)
    store = np.lib.format.open_memmap(folder / STORE, mode="w+", dtype=np.uint8, shape=shape)
    began = time.process_time()
    for number, path in enumerate(sorted(folder.glob("*.mp4"))):
        store[number] = Filming(FORM).frames(path)
    store.flush()
    return (time.process_time() - began) / count


def from_files(folder: Path) -> Callable[[np.ndarray], Tensor]:
    """Clips (B, 3, T, S, S) in [-1, 1] of files by their numbers (B,), decoded each time."""
    paths, form = sorted(folder.glob("*.mp4")), ClipForm(FORM.frames, FORM.side)

    def one(rows: np.ndarray) -> Tensor:
        pixels = np.stack([Filming(form).frames(paths[row]) for row in rows])
        return normalise(torch.from_numpy(pixels).permute(0, 4, 1, 2, 3))

    return one


def from_store(folder: Path, floats: bool) -> Callable[[np.ndarray], StoredClips | Tensor]:
    """Batches of the view."""
    view, rng = ClipView(FORM), np.random.default_rng(0)
    view.stored = np.load(folder / STORE, mmap_mode="r")
    view.places = np.arange(len(view.stored))

    def one(rows: np.ndarray) -> StoredClips | Tensor:
        part = view.take(view.choose(rows, {}, rng))
        return view.ready(part).values if floats else part

    return one


def main(arguments: list[str]) -> None:
    """Serve one variant."""
    variant, folder, batch = arguments[0], Path(arguments[1]), int(arguments[2])
    set_up({"device": "cpu", "threads": torch.get_num_threads(), "allocator": False}, 1)
    one = from_files(folder) if variant == "files" else from_store(folder, variant == "floats")
    rng = np.random.default_rng(0)

    def turn() -> int:
        for _ in range(REPEATS[variant]):
            one(rng.integers(0, COUNT, batch))
        return REPEATS[variant] * batch

    serve(turn, "cpu")


if __name__ == "__main__":
    main(sys.argv[1:])
