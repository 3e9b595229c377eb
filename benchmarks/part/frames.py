"""Frames of recordings of captions, and of songs: read from the store against computed.

python -m benchmarks.part.frames recordings|songs alone|batched|stored BATCH

`alone` and `batched` compute them from waves in memory, sound by sound, as they are stored, or a
batch at once; decoding files, speaking and singing are not counted. `stored` is the product's: a
batch of the view, from the memory map. Recordings are S2IGAN's log-mel frames, songs the spectra of
`data=plumage_song`.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from benchmarks.case import split_of
from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.config.build import build
from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.data.store.item import Items
from experiments.data.store.recorder import frames_of
from experiments.data.store.recordings import Recordings
from experiments.data.view.sound import SoundView
from experiments.data.view.speech import SpeechView
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.log_mel import LogMel
from experiments.machine.setup import set_up

SECONDS = (2.0, 5.0)  # of a caption of plumage, about
COUNT = {"recordings": 480, "songs": 96}
BATCH = 24
REPEATS = {"alone": 1, "batched": 1, "stored": 20}  # passes over all of them in a turn
Work = Callable[[np.ndarray], Tensor]  # frames (B, T, bins) of sounds by their numbers (B,)


def measure(options: Namespace) -> list[Row]:
    """Both ways to compute them, for each sound."""
    batch, rows = options.batch or BATCH, []
    for kind in COUNT:
        timings = take_turns(
            {name: ["benchmarks.part.frames", kind, name, str(batch)] for name in REPEATS},
            options.rounds,
            1,
            f"frames of {kind}, batch {batch}",
            options.threads,
        )
        rows += [
            faster(
                "frames",
                f"{kind} read, against computed {way}, batch {batch}",
                timings[way],
                timings["stored"],
                f"{kind} {way}",
            )
            for way in ("alone", "batched")
        ]
    return rows


def main(arguments: list[str]) -> None:
    """Serve one way."""
    kind, name, batch = arguments[0], arguments[1], int(arguments[2])
    set_up({"device": "cpu", "threads": torch.get_num_threads(), "allocator": False}, 1)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as folder:
        work = works(kind, COUNT[kind], Path(folder))[name]

        def turn() -> int:
            for _ in range(REPEATS[name]):
                for _ in range(0, COUNT[kind], batch):
                    work(rng.integers(0, COUNT[kind], batch))
            return REPEATS[name] * -(-COUNT[kind] // batch) * batch

        serve(turn, "cpu")


def works(kind: str, count: int, folder: Path) -> dict[str, Work]:
    """By name, of so many sounds of noise; the folder is for what is stored."""
    rng = np.random.default_rng(0)
    if kind == "songs":
        node = checked_compose(["model=classifier", "encoder=song_classifier", "data=plumage_song"])
        excerpt = build(plain(node.encoder.excerpt))
        frontend, samples = excerpt.frontend, np.full(count, excerpt.stored)
    else:
        frontend = LogMel(22050, 551, 220, 40)  # S2IGAN's
        samples = (rng.uniform(*SECONDS, count) * frontend.rate).astype(int)
    waves = [rng.standard_normal(length, np.float32) / 10 for length in samples]
    frames = [frames_of(frontend, wave) for wave in waves]
    np.save(folder / "values.npy", np.concatenate(frames))
    lengths = np.array([len(one) for one in frames], np.int64)
    values, begin = np.load(folder / "values.npy", mmap_mode="r"), np.cumsum(lengths) - lengths
    if kind == "songs":
        taken = song_view(excerpt, Items(values, begin, lengths, np.arange(count + 1)))
    else:
        taken = speech_view(frontend, Recordings(values, begin, lengths, 0 * lengths, "here"))
    return {
        "alone": lambda rows: sound_by_sound(frontend, [waves[row] for row in rows]),
        "batched": lambda rows: batched(frontend, [waves[row] for row in rows]),
        "stored": taken,
    }


def sound_by_sound(frontend: Any, waves: list[np.ndarray]) -> Tensor:
    """Frames (B, T, bins) of each, as they are stored."""
    frames = [torch.from_numpy(frames_of(frontend, wave)) for wave in waves]
    return pad_sequence(frames, batch_first=True)


def batched(frontend: Any, waves: list[np.ndarray]) -> Tensor:
    """Frames (B, T, bins) of a batch at once."""
    lengths = torch.tensor([len(wave) for wave in waves])
    padded = torch.zeros(len(waves), int(lengths.max()))
    for to, wave in zip(padded, waves, strict=True):
        to[: len(wave)] = torch.from_numpy(wave)
    with torch.inference_mode():
        found: Tensor = frontend(padded, lengths)[0]
    return found


def speech_view(frontend: LogMel, recordings: Recordings) -> Work:
    """What a process of training does for its batch, up to the device."""
    count = len(recordings.lengths)
    split = split_of(np.zeros((count, 1, 1, 3), np.uint8), 18, 50, np.random.default_rng(0))
    network = SimpleNamespace(frontend=frontend, gives_words=False, shortest=1)
    view = SpeechView(network).of(replace(split, recordings=recordings))

    def take(rows: np.ndarray) -> Tensor:
        return view.take({"rows": rows, "wrong": np.full(len(rows), -1)}).tokens

    return take


def song_view(excerpt: Excerpt, items: Items) -> Work:
    """Likewise."""
    view = SoundView(excerpt)
    view.stored = items

    def take(rows: np.ndarray) -> Tensor:
        return view.take({"items": rows, "offsets": np.zeros(len(rows), np.int64)}).frames

    return take


if __name__ == "__main__":
    main(sys.argv[1:])
