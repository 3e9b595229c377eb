"""The tiny reader with a tone for most records. A module of its own: worker processes import it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from tiny_reader import TinyReader

from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput

RATE = 1000


def number_of(key: str) -> int:
    return int(key.rpartition("_")[2])


def tone_of(number: int) -> np.ndarray:
    time = np.arange(600) / RATE
    return np.sin(2 * np.pi * (20 + 2 * number) * time).astype(np.float32)


@dataclass
class SoundingReader(TinyReader):
    """Record k has a tone of 20 + 2 k Hz, 0.6 s, none where it is `silent`, and a pose."""

    silent: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()
    has = ("picture", "caption", "sound")

    def read(self) -> Iterator[Record | Drop]:
        for entry in super().read():
            assert isinstance(entry, Record)
            yield replace(entry, more={"pose": str(number_of(entry.key) % 2)})

    def sound(self, record: Record) -> tuple[np.ndarray, int] | None:
        number = number_of(record.key)
        if number in self.broken:
            raise BadInput("sound is silent")
        return None if number in self.silent else (tone_of(number), RATE)
