"""A small trunk of clips that separates what, where and how it moves (this project's choice).

As `PartCNN` does for pictures: what is at a place of a frame comes from two convolutions that see a
few pixels of that frame alone. Where to look comes from convolutions over space and time, and so
does how things move, which is read from these alone: what a thing looks like says nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.encoder.part import PartCNN, gaze


class MovingCNN(PartCNN):
    """Places are those of every frame that is looked at closely: (B, channels, T', H/4 W/4)."""

    def __init__(
        self,
        channels: int = 3,
        widths: Sequence[int] = (16, 32),
        deep_width: int = 48,
        parts: int = 8,
        features: int = 48,
        moments: int = 4,
        close: int = 1,
    ) -> None:
        """`channels`: of a clip. `widths`: of the local stem, stride 4 in all. `deep_width`: of the
        convolutions over space and time. `parts`: learned places whose local features are pooled.
        `features`: of what is pooled, and as many of motion: few, since a distance of two sets
        needs ten times as many clips. `moments`: stretches of time whose motion is kept apart, so
        that what comes first can be told from what comes last. `close`: of so many frames one is
        looked at closely, for what is at its places.
        """
        nn.Module.__init__(self)
        first, local = widths
        self.input_size, self.region_pool = None, 2
        self.close, self.moments = close, moments
        self.local_channels = local
        self.region_channels = local + deep_width
        self.moving_channels = features
        self.pooled_channels = 2 * features
        self.local = nn.Sequential(
            _layer(channels, first, (1, 5, 5), (1, 2, 2)),
            _layer(first, local, (1, 3, 3), (1, 2, 2)),
        )
        self.deep = nn.Sequential(
            _layer(local, deep_width, (3, 3, 3), (2, 2, 2)),
            _layer(deep_width, deep_width, (3, 3, 3), (1, 2, 2)),
            _layer(deep_width, deep_width, (3, 3, 3), (1, 1, 1)),
        )
        self.where = gaze(self.region_channels, parts)
        self.content = _dense(parts * local, features)
        self.moves = _dense(2 * moments * deep_width, features)

    def forward(self, images: Tensor) -> tuple[None, Tensor]:  # type: ignore[override]
        """No regions, and pooled features (B, pooled_channels), of which the last
        `moving_channels` are of motion alone, of clips (B, C, T, H, W) in [-1, 1]."""
        return None, self.seen(images)[1]

    def seen(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Places (B, region_channels, T', H/4 W/4), local ones first, and pooled features."""
        local = self.local(clips)
        deep = self.deep(local)
        motion = self.motion(deep)
        looked = local[:, :, :: self.close]
        spread = F.interpolate(deep, looked.shape[2:], mode="trilinear").to(local.dtype)
        places = torch.cat((looked, spread), dim=1).flatten(3)
        return places, torch.cat((self.content(self.pooled(places)), motion), dim=1)

    def motion(self, deep: Tensor) -> Tensor:
        """(B, moving_channels): mean and maximum over every frame, of each stretch of time."""
        found = torch.cat((deep.mean((3, 4)), deep.amax((3, 4))), dim=1)
        return self.moves(F.adaptive_avg_pool1d(found, self.moments).flatten(1))  # type: ignore[no-any-return]


class Conv3dStack(nn.Module):
    """The plain stack: 3-D convolution and ReLU, the largest of 2 x 2 x 2, dropout, several times;
    then all of it in one row.

    `pool="mean_max"` gives the mean and the largest of each channel instead, and `norm="batch"` a
    batch norm after each convolution: this project's choices, as options.
    """

    region_channels = 0  # it gives no regions

    def __init__(
        self,
        shape: Sequence[int] = (3, 16, 48, 48),
        widths: Sequence[int] = (32, 64, 128, 128),
        dropout: float = 0.5,
        norm: str = "none",
        pool: str = "flatten",
    ) -> None:
        """`shape`: (C, T, H, W) of what it sees; its features fit no other. `widths`: of the
        blocks. A side of 1 is not pooled any more."""
        super().__init__()
        assert norm in ("none", "batch"), f"norm must be 'none' or 'batch', got {norm!r}"
        assert pool in ("flatten", "mean_max"), (
            f"pool must be 'flatten' or 'mean_max', got {pool!r}"
        )
        self.shape, self.pool = list(shape), pool
        inputs, *sides = shape
        layers = list[nn.Module]()
        for outputs in widths:
            layers.append(nn.Conv3d(inputs, outputs, 3, 1, 1))
            layers += [nn.BatchNorm3d(outputs)] if norm == "batch" else []
            steps = tuple(min(2, side) for side in sides)
            layers += [nn.ReLU(), nn.MaxPool3d(steps), nn.Dropout(dropout)]
            inputs, sides = outputs, [side // step for side, step in zip(sides, steps, strict=True)]
        self.blocks = nn.Sequential(*layers)
        places = sides[0] * sides[1] * sides[2]
        self.pooled_channels = inputs * (places if pool == "flatten" else 2)

    def forward(self, clips: Tensor) -> tuple[None, Tensor]:
        """No regions, and features (B, pooled_channels), of clips (B, *shape) in [-1, 1]."""
        assert list(clips.shape[1:]) == self.shape, (
            f"it sees {self.shape} and got {list(clips.shape[1:])}"
        )
        found = self.blocks(clips)
        if self.pool == "flatten":
            return None, found.flatten(1)
        return None, torch.cat((found.mean((2, 3, 4)), found.amax((2, 3, 4))), dim=1)


def _dense(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU())


def _layer(
    inputs: int, outputs: int, kernel: tuple[int, int, int], stride: tuple[int, int, int]
) -> nn.Sequential:
    padding = tuple(side // 2 for side in kernel)
    conv = nn.Conv3d(inputs, outputs, kernel, stride, padding, bias=False)  # type: ignore[arg-type]
    return nn.Sequential(conv, nn.BatchNorm3d(outputs), nn.ReLU())
