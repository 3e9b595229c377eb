"""Diversity: how far apart are the pictures of one caption? Near zero, the generator collapsed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from experiments.metric.rows import RowScore, require
from experiments.metric.spread import diversity
from experiments.terminal.error import UserError


class Diversity(RowScore):
    """Mean cosine distance of two pictures of one caption, over all pairs and captions.

    `feature` gives (B, d) of what `update` is shown. `compute` raises `UserError` where no caption
    has two pictures, and for values that are not finite.
    """

    kept = ("features", "captions")

    def __init__(self, feature: nn.Module, **options: Any) -> None:
        super().__init__(**options)
        self.inception, self.feature_network = feature, "inception"  # as `FeatureShare` asks for

    def update(self, imgs: Tensor, captions: Tensor) -> None:
        """captions: (B,) int64, the same number for pictures of one caption."""
        self.keep(self.inception(imgs), captions)

    def compute(self) -> Tensor:
        """Float64, of all processes' pictures together."""
        features, captions = self.rows()
        require(2, {"images": features})
        groups = [features[captions == caption] for caption in captions.unique()]
        found = [diversity(group[None]) for group in groups if len(group) > 1]
        if not found:
            raise UserError("no caption was sampled more than once")
        return torch.tensor(found, dtype=torch.float64).mean()
