"""RMSprop with a schedule in images seen."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from experiments.optim.schedule import Scheduled


class RMSprop(Scheduled):
    """The gradient over the root of the running mean of its square."""

    def __init__(
        self,
        lr: float,
        alpha: float = 0.99,
        warmup: int = 0,
        decay: float = 1.0,
        decay_images: int = 1,
        floor: float = 0.0,
        decay_to_zero: int | None = None,
        clip: float | None = None,
    ) -> None:
        """`alpha`: of the running mean, at each step. The others stand at `Scheduled`."""
        super().__init__(lr, warmup, decay, decay_images, floor, decay_to_zero, clip)
        self.alpha = alpha

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(list(parameters), lr=self.lr, alpha=self.alpha, foreach=True)
