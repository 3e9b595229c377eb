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
        beta2_end: float | None = None,
        **schedule: Any,
    ) -> None:
        """`weight_decay` is decoupled (AdamW). `eps` is added to the root of the mean square.
        `beta2_end`: the second of `betas` goes there along half a cosine of `cosine_images` images.
        `schedule` is that of `Scheduled`.
        """
        super().__init__(lr, **schedule)
        assert len(betas) == 2 and all(0 <= beta < 1 for beta in betas), (
            f"betas={list(betas)}: must be two numbers from 0 to below 1"
        )
        assert weight_decay >= 0, f"weight_decay={weight_decay}: must not be negative"
        assert eps > 0, f"eps={eps}: must be positive"
        assert beta2_end is None or 0 <= beta2_end < 1, (
            f"beta2_end={beta2_end}: must lie from 0 to below 1, or be null"
        )
        assert beta2_end is None or self.cosine_images is not None, (
            "cosine_images: beta2_end needs them"
        )
        self.beta2_end = beta2_end
        self.betas, self.weight_decay, self.eps = (betas[0], betas[1]), weight_decay, eps

    def apply(self, group: dict[str, Any], images: int) -> None:
        super().apply(group, images)
        if self.beta2_end is not None:
            group["betas"] = self.betas[0], self.along(self.betas[1], self.beta2_end, images)

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            list(parameters),
            lr=self.lr,
            betas=self.betas,
            weight_decay=self.weight_decay,
            eps=self.eps,
            fused=True,
        )
