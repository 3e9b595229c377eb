"""Seeded draws that are the same on every machine and Python version.

Only `random.Random.random` is used: Python promises its sequence for an integer seed, and promises
nothing for `choice`, `shuffle` or `gauss`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """A stream of draws that is a function of the given non-negative integers."""

    def __init__(self, *path: int) -> None:
        seed = 1
        for part in path:
            seed = (seed << 64) | (part & 0xFFFFFFFFFFFFFFFF)
        self.random = random.Random(seed).random

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def below(self, count: int) -> int:
        return int(self.random() * count)

    def pick(self, items: Sequence[Item]) -> Item:
        return items[int(self.random() * len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """A random order (Fisher-Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = int(self.random() * (last + 1))
            order[last], order[other] = order[other], order[last]
        return order
