"""Recordings for the trees of the tests, laid out as they are published."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

RATE = 22050


def write_wave(path: Path, tone: int = 1, samples: int = 441) -> None:
    """A tone of 20 ms: the number of its periods tells recordings apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = np.sin(2 * np.pi * tone * np.arange(samples) / samples) * 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype("<i2").tobytes())


def write_waves(audio: Path, keys: Iterable[str], count: int = 10, first: int = 0) -> None:
    """S2IGAN: a folder for each picture."""
    for key in keys:
        for k in range(first, count + first):
            write_wave(audio / key / f"{k}.wav", k + 1)


def frames(number: int, length: int) -> np.ndarray:
    """(T, 40) of one caption, in which the first value is its number."""
    made = np.random.default_rng(number).normal(size=(length, 40)).astype(np.float32)
    made[0, 0] = number
    return made


def write_frames(path: Path, lengths: Sequence[int]) -> None:
    """What `np.save` of a list of such arrays writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = np.empty(len(lengths), object)
    made[:] = [frames(number, length) for number, length in enumerate(lengths)]
    np.save(path, made, allow_pickle=True)
