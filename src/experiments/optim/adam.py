"""Adam with a schedule in images seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn

from experiments.optim.schedule import Scheduled


class Adam(Scheduled):
    """AdamW, which is Adam where there is no decay of weights."""

    def __init__(
        self,
        lr: float,
        betas: Sequence[float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        eps: float = 1e-8,
        **schedule: Any,
    ) -> None:
        """`weight_decay` is decoupled (AdamW). `eps` is added to the root of the mean square.
        `schedule` is that of `Scheduled`."""
        super().__init__(lr, **schedule)
        assert len(betas) == 2 and all(0 <= beta < 1 for beta in betas), (
            f"betas={list(betas)}: must be two numbers from 0 to below 1"
        )
        assert weight_decay >= 0, f"weight_decay={weight_decay}: must not be negative"
        assert eps > 0, f"eps={eps}: must be positive"
        self.betas, self.weight_decay, self.eps = (betas[0], betas[1]), weight_decay, eps

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            list(parameters),
            lr=self.lr,
            betas=self.betas,
            weight_decay=self.weight_decay,
            eps=self.eps,
            fused=True,
        )
