"""A learning rate as a function of the images seen: what all optimisers share."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


class Scheduled:
    """The optimiser of one phase: its rate, and the bound on its gradients."""

    def __init__(
        self,
        lr: float,
        warmup: int = 0,
        decay: float = 1.0,
        decay_images: int = 1,
        floor: float = 0.0,
        decay_to_zero: int | None = None,
        clip: float | None = None,
        stepped: bool = False,
    ) -> None:
        """`warmup`: images over which the rate rises linearly. The rate is multiplied by `decay`
        every `decay_images`, continuously or, where `stepped`, at once, down to `floor` x lr; with
        `decay_to_zero` it also falls linearly to zero at that many images. `clip`: largest norm of
        the gradients of what the phase wants clipped.
        """
        self.lr, self.warmup, self.decay, self.decay_images = lr, warmup, decay, decay_images
        self.floor, self.decay_to_zero, self.clip = floor, decay_to_zero, clip
        self.stepped = stepped

    def rate(self, images: int) -> float:
        """The learning rate after `images` images."""
        times = images // self.decay_images if self.stepped else images / self.decay_images
        factor = max(self.decay**times, self.floor)
        if self.warmup:
            factor *= min(1.0, images / self.warmup)
        if self.decay_to_zero is not None:
            factor *= max(0.0, 1.0 - images / self.decay_to_zero)
        return self.lr * factor

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """One optimiser over all parameters of the phase."""
        raise NotImplementedError
