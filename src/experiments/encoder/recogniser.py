"""A trained classifier as the recogniser of faces, or of birds, that features are taken of.

Speech2Face takes what a network for recognising people has before its last layer, and also compares
what that layer makes of it. Here both are those of a finished classifier of the same data.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from experiments.encoder.classifier import Classifier
from experiments.encoder.part import PartCNN


class Recogniser(nn.Module):
    """A fixed image network whose vector is all that the heads of a classifier read: its pooled
    features, and behind them those of each place that a part is read from."""

    def __init__(self, encoder: Classifier) -> None:
        """`encoder`: a finished classifier of pictures."""
        super().__init__()
        self.encoder = encoder.requires_grad_(False)
        trunk = encoder.image
        self.region_channels = int(trunk.region_channels)  # type: ignore[arg-type]
        self.local_channels = int(trunk.local_channels) if isinstance(trunk, PartCNN) else 0
        parts = len(encoder.local_attributes) * self.local_channels
        self.pooled_channels = encoder.feature_dim + parts
        self.eval()

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode: it is a fixed function whatever its owner does."""
        return super().train(False)

    def forward(self, images: Tensor) -> tuple[None, Tensor]:
        """images: (B, 3, H, W) in [-1, 1]. Returns None, as no region is kept, and the vector
        (B, pooled_channels)."""
        pooled, seen = self.encoder.seen(images)
        return None, torch.cat([pooled, *seen.values()], dim=1)

    def says(self, vectors: Tensor) -> dict[str, Tensor]:
        """What the last layers make of vectors (B, pooled_channels): logits by attribute."""
        pooled, parts = vectors.split(
            [self.encoder.feature_dim, self.pooled_channels - self.encoder.feature_dim], dim=1
        )
        names, each = self.encoder.local_attributes, self.local_channels
        seen = dict(zip(names, parts.split(each, dim=1), strict=True)) if names else {}
        return self.encoder.answers(pooled, seen)
