"""The classifier of S2IGAN's relation supervisor (Wang et al. 2020, section 3.2.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

RELATIONS = 3  # the same picture, another one of what it shows, one of something else


class RelationClassifier(nn.Module):
    """How two pictures are related, by their features."""

    def __init__(self, dim: int = 1024, width: int = 128, legacy: bool = False) -> None:
        """`dim`: of a picture's features. `legacy`: a fourth output, which was released and never
        used: 263,044 weights at 1024 features, 262,915 without it.
        """
        super().__init__()
        self.dim = dim
        self.layers = nn.Sequential(
            nn.Linear(2 * dim, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, RELATIONS + legacy),
        )

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Features (B, dim) of two pictures each -> logits (B, 3)."""
        return self.layers(torch.cat((left, right), dim=1))
