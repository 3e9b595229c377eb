"""Means of logged terms since the last line, kept on the device."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor


def _wide(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64


class Stats:
    """Running means of named scalars between two readings.

    Holds one tensor per name, whatever the length of the interval.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, float | Tensor] = {}

    def add(self, name: str, value: Tensor | float, counts: Tensor | None = None) -> None:
        """Add one scalar, or every element of a tensor of any shape; never waits for the device.

        `counts`: whether it counts, where the device alone knows.

        Sums are kept in float64 where the device has it, so that a checkpoint between two readings
        changes no digit; a gradient, if any, is dropped.
        """
        if isinstance(value, Tensor):
            value = value.detach()
            count: float | Tensor = value.numel()
            total = value.sum(dtype=_wide(value.device))
            if counts is not None:
                total = torch.where(counts, total, 0.0)
                count = counts.to(total.dtype) * count
        else:
            count, total = 1, torch.tensor(float(value), dtype=torch.float64)
        if name in self._sums:
            self._sums[name] = self._sums[name] + total
            self._counts[name] += count
        else:
            self._sums[name], self._counts[name] = total, count

    def read(self, reduce: Callable[[Tensor], Tensor] | None = None) -> dict[str, float]:
        """Means since the last reading, by name in alphabetical order; then start anew.

        `reduce` takes and returns a (2, names) tensor of sums and counts: the mean or the sum
        across ranks both give the exact mean over all values. Every rank must then have added
        the same names and must call this together.
        """
        found = self._pairs(reduce)
        self._sums, self._counts = {}, {}
        return {
            name: total / number if number else math.nan for name, (total, number) in found.items()
        }

    def state(self, reduce: Callable[[Tensor], Tensor] | None = None) -> dict[str, list[float]]:
        """[sum, count] by name of what was added since the last reading, for a checkpoint.

        `reduce` as for `read`; all ranks then hold what it returned.
        """
        found = self._pairs(reduce)
        self.load(found)
        return found

    def load(self, pairs: Mapping[str, Sequence[float]]) -> None:
        """Go on from what `state` returned."""
        self._sums = {n: torch.tensor(pair[0], dtype=torch.float64) for n, pair in pairs.items()}
        self._counts = {name: pair[1] for name, pair in pairs.items()}

    def _pairs(self, reduce: Callable[[Tensor], Tensor] | None) -> dict[str, list[float]]:
        """One transfer from the device for all of them."""
        names = sorted(self._sums)
        if not names:
            return {}
        devices = [self._sums[name].device for name in names]
        device = next((device for device in devices if device.type != "cpu"), devices[0])
        dtype = _wide(device)
        sums = torch.stack(
            [self._sums[name].to(device, dtype, non_blocking=True) for name in names]
        )
        numbers = [self._counts[name] for name in names]
        known = [0.0 if isinstance(number, Tensor) else number for number in numbers]
        counts = torch.tensor(known, dtype=dtype).to(device)
        for place, number in enumerate(numbers):
            if isinstance(number, Tensor):
                counts[place] = number
        pairs = torch.stack([sums, counts])
        if reduce is not None:
            pairs = reduce(pairs)
        totals, found = pairs.tolist()
        return {n: [total, number] for n, total, number in zip(names, totals, found, strict=True)}
