"""The contrastive loss of pairs (Hadsell et al. 2006), as the pipeline of 2017 has it."""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-7  # Keras's: under it a distance has no gradient, so that none is infinite


class ContrastiveLoss:
    """y d^2 + (1 - y) max(margin - d, 0)^2, with the Euclidean distance d and y = 1 for a pair."""

    def __init__(self, margin: float = 1.0, weight: float = 1.0) -> None:
        assert margin > 0, "margin: above 0"
        self.margin, self.weight = margin, weight

    def right(self, distance: Tensor) -> Tensor:
        """What pairs add, of their distances (...)."""
        return distance.square()

    def wrong(self, distance: Tensor) -> Tensor:
        """What others add, of their distances (...)."""
        return (self.margin - distance).relu().square()


def distance(left: Tensor, right: Tensor) -> Tensor:
    """sqrt(max(sum of squares, eps)) over the last axis, in float32; its gradient is finite at
    0, too."""
    with torch.autocast(left.device.type, enabled=False):
        return (left.float() - right.float()).square().sum(-1).clamp_min(EPSILON).sqrt()
