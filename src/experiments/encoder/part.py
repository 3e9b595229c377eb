"""A small image trunk that separates what from where (this project's choice).

What is at a place comes from two convolutions that see a few pixels; where to look comes from deep
ones that see the whole picture. A plain trunk learns by heart which colours its training species
combine and fails on unseen ones; one that cannot see two parts at once has to read each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.layer.resize import at_side

HIDDEN = 64


def _layer(inputs: int, outputs: int, stride: int, kernel: int = 3) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class PartCNN(nn.Module):
    """Regions from local and deep features; the pooled vector looks at `parts` learned places."""

    def __init__(
        self,
        widths: Sequence[int] = (32, 64),
        deep_width: int = 96,
        parts: int = 16,
        region_pool: int = 2,
        input_size: int | None = None,
    ) -> None:
        """`widths`: of the local stem, whose last layer has stride 4. `parts`: softmax maps over
        places; each pools the local features, and all of them make the pooled vector. `region_pool`
        joins that many places along each side to one region. `input_size`: side in pixels that
        images are resized to; None keeps their own.
        """
        super().__init__()
        first, local = widths
        self.input_size, self.region_pool = input_size, region_pool
        self.local_channels = local
        self.region_channels = local + deep_width
        self.pooled_channels = parts * local
        self.local = nn.Sequential(_layer(3, first, 2, 5), _layer(first, local, 2))
        self.deep = nn.Sequential(
            _layer(local, deep_width, 2),
            _layer(deep_width, deep_width, 2),
            _layer(deep_width, deep_width, 1),
        )
        self.where = gaze(self.region_channels, parts)

    def places(self, images: Tensor) -> Tensor:
        """images (B, 3, H, W) in [-1, 1] -> (B, region_channels, H/4, W/4), local ones first."""
        local = self.local(at_side(images, self.input_size))
        deep = F.interpolate(self.deep(local), local.shape[-2:], mode="bilinear")
        return torch.cat((local, deep.to(local.dtype)), dim=1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Regions (B, region_channels, N) and pooled (B, pooled_channels)."""
        places = self.places(images)
        return F.avg_pool2d(places, self.region_pool).flatten(2), self.pooled(places)

    def pooled(self, places: Tensor) -> Tensor:
        """(B, pooled_channels) of what `places` gave: local features of learned places."""
        return attend(self.where(places), places[:, : self.local_channels]).flatten(1)


def gaze(inputs: int, maps: int) -> nn.Sequential:
    """Logits of `maps` places to look at. Without the normalisation small parts are never found."""
    return nn.Sequential(_layer(inputs, HIDDEN, 1, 1), nn.Conv2d(HIDDEN, maps, 1))


def attend(logits: Tensor, features: Tensor) -> Tensor:
    """Means of features (B, C, H, W) under softmax maps (B, K, H, W): (B, K, C)."""
    maps = logits.flatten(2).float().softmax(dim=2).to(features.dtype)
    return torch.einsum("bkn,bcn->bkc", maps, features.flatten(2))
