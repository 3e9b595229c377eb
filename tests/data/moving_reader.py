"""The tiny reader with a clip for each record. A module of its own: worker processes import it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from tiny_reader import TinyReader

from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput

MOTIONS = ("left", "right", "up")
RATE = 10.0


def number_of(key: str) -> int:
    return int(key.rpartition("_")[2])


def clip_of(number: int, frames: int = 12, side: int = 8) -> np.ndarray:
    """Frame t of clip k has the levels k (red), 10 t (green) and x (blue)."""
    found = np.zeros((frames, side, side, 3), np.uint8)
    found[..., 0] = number % 256
    found[..., 1] = 10 * np.arange(frames)[:, None, None]
    found[..., 2] = np.arange(side)
    return found


@dataclass
class MovingReader(TinyReader):
    """Record k has the motion k // 3 % 3; its first caption says it, the second the crown alone.
    Clips of `short` records have 3 frames; of `broken` ones nothing can be read."""

    short: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()
    has = ("picture", "caption", "clip")
    mirror = False

    def read(self) -> Iterator[Record | Drop]:
        for entry in super().read():
            assert isinstance(entry, Record)
            number = number_of(entry.key)
            motion, crown = MOTIONS[number // 3 % 3], entry.attributes.get("crown", "red")
            yield replace(
                entry,
                captions=(f"a {crown} crown moves {motion}", f"a {crown} crown"),
                attributes={"crown": crown, "motion": motion},
                mentions=(("crown", "motion"), ("crown",)),
            )

    def clip(self, record: Record) -> tuple[np.ndarray, float]:
        number = number_of(record.key)
        if number in self.broken:
            raise BadInput("clip has no frames")
        return clip_of(number, 3 if number in self.short else 12), RATE

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        return super().attribute_values() | {"motion": MOTIONS}

    def moving_attributes(self) -> tuple[str, ...]:
        return ("motion",)
