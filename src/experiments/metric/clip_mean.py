"""Means over clips of what `motion.py` says of each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from experiments.metric.motion import consistency, motion_energy
from experiments.metric.result import Undefined
from experiments.terminal.error import UserError


class ClipMean(Metric):
    """The mean over clips of a number that each has; float64, of all processes' clips together."""

    is_differentiable = False
    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, **options: Any) -> None:
        """`options`: those of every `torchmetrics.Metric`."""
        super().__init__(**options)
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def of(self, values: Tensor) -> Tensor:
        """(B,) of what `update` is shown. What a subclass defines."""
        raise NotImplementedError

    def update(self, values: Tensor) -> None:
        each = self.of(values).double()
        self.total += each.sum()
        self.count += len(each)

    def compute(self) -> Tensor:
        """Raises `UserError` where there was no clip, and for values that are not finite."""
        if not self.count:
            raise UserError("no clip was looked at")
        if not self.total.isfinite():
            raise Undefined("some clips gave NaN or infinity")
        return (self.total / self.count).cpu()


class MotionEnergy(ClipMean):
    """Mean of `motion_energy` over clips (B, C, T, H, W) in [-1, 1]; 0 where all stand still."""

    def of(self, values: Tensor) -> Tensor:
        return motion_energy(values)


class Consistency(ClipMean):
    """Mean of `consistency` over what is seen in frames of clips, (B, F, d)."""

    def of(self, values: Tensor) -> Tensor:
        return consistency(values)
