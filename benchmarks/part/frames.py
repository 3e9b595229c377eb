"""Frames of recordings: read from the store against computed by the front-end.

python -m benchmarks.part.frames alone|batched|stored BATCH

`alone` and `batched` compute them from waves in memory, recording by recording, as they are stored,
or a batch at once; decoding files and speaking are not counted. `stored` is the product's: a batch
of the view, from the memory map.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from benchmarks.case import split_of
from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.data.store.recorder import frames_of
from experiments.data.store.recordings import Recordings
from experiments.data.view.speech import SpeechView
from experiments.frontend.log_mel import LogMel
from experiments.machine.setup import set_up

SECONDS = (2.0, 5.0)  # of a caption of plumage, about
COUNT = 480  # recordings
BATCH = 24
REPEATS = {"alone": 1, "batched": 1, "stored": 20}  # passes over all of them in a turn


def measure(options: Namespace) -> list[Row]:
    """Both ways to compute them, for each recording."""
    batch = options.batch or BATCH
    timings = take_turns(
        {name: ["benchmarks.part.frames", name, str(batch)] for name in REPEATS},
        options.rounds,
        1,
        f"frames of recordings, batch {batch}",
        options.threads,
    )
    return [
        faster(
            "frames",
            f"read, against computed {way}, batch {batch}",
            timings[way],
            timings["stored"],
            f"frames {way}",
        )
        for way in ("alone", "batched")
    ]


def main(arguments: list[str]) -> None:
    """Serve one way."""
    name, batch = arguments[0], int(arguments[1])
    set_up({"device": "cpu", "threads": torch.get_num_threads(), "allocator": False}, 1)
    frontend = LogMel(22050, 551, 220, 40)  # S2IGAN's
    rng = np.random.default_rng(0)
    samples = (rng.uniform(*SECONDS, COUNT) * frontend.rate).astype(int)
    waves = [rng.standard_normal(count, np.float32) / 10 for count in samples]
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as folder:
        works: dict[str, Callable[[np.ndarray], object]] = {
            "alone": lambda rows: [frames_of(frontend, waves[row]) for row in rows],
            "batched": lambda rows: batched(frontend, [waves[row] for row in rows]),
        }
        if name == "stored":
            works["stored"] = stored(frontend, waves, Path(folder))
        work = works[name]

        def turn() -> int:
            for _ in range(REPEATS[name]):
                for _ in range(0, COUNT, batch):
                    work(rng.integers(0, COUNT, batch))
            return REPEATS[name] * -(-COUNT // batch) * batch

        serve(turn, "cpu")


def batched(frontend: LogMel, waves: list[np.ndarray]) -> torch.Tensor:
    """Frames (B, T, bins) of a batch at once."""
    lengths = torch.tensor([len(wave) for wave in waves])
    padded = torch.zeros(len(waves), int(lengths.max()))
    for to, wave in zip(padded, waves, strict=True):
        to[: len(wave)] = torch.from_numpy(wave)
    with torch.inference_mode():
        return frontend(padded, lengths)[0]


def stored(
    frontend: LogMel, waves: list[np.ndarray], folder: Path
) -> Callable[[np.ndarray], object]:
    """What a process of training does for its batch, up to the device."""
    frames = [frames_of(frontend, wave) for wave in waves]
    np.save(folder / "values.npy", np.concatenate(frames))
    lengths = np.array([len(one) for one in frames], np.int64)
    values = np.load(folder / "values.npy", mmap_mode="r")
    number = np.zeros(COUNT, np.int64)
    recordings = Recordings(values, np.cumsum(lengths) - lengths, lengths, number, "here")
    split = split_of(np.zeros((COUNT, 1, 1, 3), np.uint8), 18, 50, np.random.default_rng(0))
    network = SimpleNamespace(frontend=frontend, gives_words=False, shortest=1)
    view = SpeechView(network).of(replace(split, recordings=recordings))

    def take(rows: np.ndarray) -> object:
        return view.take({"rows": rows, "wrong": np.full(len(rows), -1)})

    return take


if __name__ == "__main__":
    main(sys.argv[1:])
