"""The class-aware term of direct speech-to-image translation (Li et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor


class ClassAwareLoss:
    """Features of pictures of one class should have larger products than those of any pictures."""

    def __init__(self, weight: float = 1.0, legacy: bool = False) -> None:
        """`weight` multiplies the term. `legacy`: it only says whether there is one, as in the
        released code, whose `CAL_LOSS: 50` counts as 1.
        """
        assert weight >= 0, f"weight={weight}: classes would be driven apart"
        self.weight = float(weight > 0) if legacy else weight

    def __call__(self, features: Tensor, labels: Tensor) -> Tensor:
        """features (B, F), labels (B,) -> max(0, mean of X X^T - its mean over other pictures of
        the same class) / F, a scalar; zero where no two pictures are of one class."""
        with torch.autocast(features.device.type, enabled=False):
            x = features.float()
            products = x @ x.t()
            same = labels[:, None] == labels[None, :]
            same = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
            pairs = same.sum()
            within = products.masked_fill(~same, 0.0).sum() / pairs.clamp_min(1)
            excess = (products.mean() - within).relu() / x.shape[1]
            return torch.where(pairs > 0, excess, torch.zeros_like(excess))
