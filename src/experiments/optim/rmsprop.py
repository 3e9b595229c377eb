"""RMSprop with a schedule in images seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from experiments.optim.schedule import Scheduled


class RMSprop(Scheduled):
    """The gradient over the root of the running mean of its square."""

    def __init__(self, lr: float, alpha: float = 0.99, **schedule: Any) -> None:
        """`alpha`: of the running mean, at each step. `schedule` is that of `Scheduled`."""
        super().__init__(lr, **schedule)
        assert 0 <= alpha < 1, f"alpha={alpha}: must lie from 0 to below 1"
        self.alpha = alpha

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(list(parameters), lr=self.lr, alpha=self.alpha, foreach=True)
