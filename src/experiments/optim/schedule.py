"""A learning rate as a function of the images seen: what all optimisers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from experiments.optim.cosine import cosine


class Scheduled(ABC):
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
        lr_end: float | None = None,
        cosine_images: int | None = None,
    ) -> None:
        """`warmup`: images over which the rate rises linearly. The rate is multiplied by `decay`
        every `decay_images`, continuously or, where `stepped`, at once, down to `floor` x lr; with
        `decay_to_zero` it also falls linearly to zero at that many images. With `lr_end`, lr itself
        goes there along half a cosine of `cosine_images` images. `clip`: largest norm of the
        gradients of what the phase wants clipped.
        """
        assert lr >= 0, f"lr={lr}: must not be negative"
        assert warmup >= 0, f"warmup={warmup}: must not be negative"
        assert 0 < decay <= 1, f"decay={decay}: must lie above 0 and not above 1"
        assert decay_images >= 1, f"decay_images={decay_images}: must be at least 1"
        assert 0 <= floor <= 1, f"floor={floor}: must lie between 0 and 1"
        assert decay_to_zero is None or decay_to_zero >= 1, (
            f"decay_to_zero={decay_to_zero}: must be at least 1, or null"
        )
        assert clip is None or clip > 0, f"clip={clip}: must be above 0, or null for none"
        assert lr_end is None or lr_end >= 0, f"lr_end={lr_end}: must not be negative"
        assert lr_end is None or cosine_images is not None, "cosine_images: lr_end needs them"
        assert cosine_images is None or cosine_images >= 1, (
            f"cosine_images={cosine_images}: must be at least 1, or null"
        )
        self.lr_end, self.cosine_images = lr_end, cosine_images
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
        return self.along(self.lr, self.lr_end, images) * factor

    def along(self, start: float, end: float | None, images: int) -> float:
        """A value after `images` images that goes to `end`, where there is one."""
        if end is None or self.cosine_images is None:
            return start
        return cosine(start, end, images, self.cosine_images)

    def apply(self, group: dict[str, Any], images: int) -> None:
        """Set what a group of parameters is updated with after `images` images."""
        group["lr"] = self.rate(images)

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """One optimiser over all parameters of the phase."""
