"""A flight recorder: what the first update that was not finite consisted of.

Losses are looked at rarely, since looking waits for the device, and by then all numbers are spoilt.
So the device keeps the terms of each update until one is not finite, and then those of that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Named = tuple[str, Tensor]


@dataclass(frozen=True)
class Record:
    """The last update of a phase, or its first that was not finite."""

    images: int  # seen before it
    finite: bool
    gradient_norm: float
    terms: dict[str, float]  # summed over the parts of a batch


class Recorder:
    """One for each phase. Nothing but `finite` as a number and `read` waits for the device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.clear()

    def clear(self) -> None:
        """As if nothing had been noted."""
        self.finite = torch.ones((), dtype=torch.bool, device=self.device)  # of all updates
        # By the names of the terms, since a loss may have some of them at times only.
        self._kept: dict[tuple[str, ...], tuple[Tensor, Tensor]] = {}

    def note(self, images: int, terms: Sequence[Named], norm: Tensor, good: Tensor) -> None:
        """One update: scalars by name, the norm of its gradients, and whether all that counts is
        finite."""
        names = tuple(name for name, _ in terms)
        scalars = [norm, *(value.detach() for _, value in terms)]
        values = torch.stack([value.to(self.device, torch.float32) for value in scalars])
        seen = torch.full((), images, dtype=torch.int64, device=self.device)
        if names in self._kept:
            before, seen_before = self._kept[names]
            values = torch.where(self.finite, values, before)
            seen = torch.where(self.finite, seen, seen_before)
        self._kept[names] = values, seen
        self.finite = self.finite & good

    def read(self) -> Record | None:
        """What is kept, None where nothing was noted."""
        found = []
        for names, (values, seen) in self._kept.items():
            norm, *numbers = values.tolist()
            terms: dict[str, float] = {}
            for name, number in zip(names, numbers, strict=True):
                terms[name] = terms.get(name, 0.0) + number
            found.append(Record(int(seen), bool(self.finite), norm, terms))
        return max(found, key=lambda record: record.images, default=None)
