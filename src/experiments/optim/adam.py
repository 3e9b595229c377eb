"""Adam with a schedule in images seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn


class Adam:
    """The optimiser of one phase: its settings, its schedule, and the bound on its gradients."""

    def __init__(
        self,
        lr: float,
        betas: Sequence[float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        warmup: int = 0,
        decay: float = 1.0,
        decay_images: int = 1,
        floor: float = 0.0,
        decay_to_zero: int | None = None,
        clip: float | None = None,
    ) -> None:
        """`warmup`: images over which the rate rises linearly. The rate is multiplied by `decay`
        every `decay_images` (continuously), down to `floor` x lr; with `decay_to_zero` it also
        falls linearly to zero at that many images. `weight_decay` is decoupled (AdamW). `clip`:
        largest norm of the gradients of what the phase wants clipped.
        """
        self.lr, self.betas, self.weight_decay = lr, (betas[0], betas[1]), weight_decay
        self.warmup, self.decay, self.decay_images = warmup, decay, decay_images
        self.floor, self.decay_to_zero, self.clip = floor, decay_to_zero, clip

    def rate(self, images: int) -> float:
        """The learning rate after `images` images."""
        factor = max(self.decay ** (images / self.decay_images), self.floor)
        if self.warmup:
            factor *= min(1.0, images / self.warmup)
        if self.decay_to_zero is not None:
            factor *= max(0.0, 1.0 - images / self.decay_to_zero)
        return self.lr * factor

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """One fused optimiser over all parameters of the phase."""
        return torch.optim.AdamW(
            list(parameters),
            lr=self.lr,
            betas=self.betas,
            weight_decay=self.weight_decay,
            fused=True,
        )
