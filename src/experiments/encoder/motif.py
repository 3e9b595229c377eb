"""A small trunk of spectra that separates what is heard from when (this project's choice).

As `PartCNN` does for pictures: what stands at a time comes from convolutions that hear a quarter of
a second, when to listen from ones that hear the whole sound and know where in it they are. So every
motif of a song is read by itself, and a species' combination is not learned by heart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.encoder.part import PartCNN, gaze

CLOCK = 4  # waves that say when it is, of whole turns, each a sine and a cosine
PLACE = 1 + 2 * CLOCK


class MotifCNN(PartCNN):
    """Places are stretches of time: (B, channels, 1, frames / 2)."""

    def __init__(
        self,
        bins: int,
        widths: Sequence[int] = (16, 32, 64),
        local_width: int = 96,
        deep_width: int = 96,
        dilations: Sequence[int] = (1, 2, 4, 8),
        parts: int = 16,
    ) -> None:
        """`bins`: of a spectrum, divided by two with each of `widths`. `local_width`: of what is
        heard at a place; `deep_width`: of convolutions over time with these `dilations`, which say
        when to listen. `parts`: learned places of the pooled vector."""
        nn.Module.__init__(self)
        self.input_size, self.region_pool = None, 2
        self.local_channels = local_width
        self.region_channels = local_width + deep_width
        self.pooled_channels = parts * local_width
        layers, inputs = list[nn.Module](), 1
        for number, width in enumerate(widths):
            layers += _layer(inputs, width, 3, (2, 2 if number == 0 else 1))
            inputs = width
        height = math.ceil(bins / 2 ** len(widths))
        layers += _layer(inputs, local_width, (height, 3), 1, (0, 1))
        self.local = nn.Sequential(*layers)
        deep, inputs = list[nn.Module](), local_width + PLACE
        for dilation in dilations:
            deep += _layer(inputs, deep_width, (1, 3), 1, (0, dilation), (1, dilation))
            inputs = deep_width
        self.deep = nn.Sequential(*deep)
        self.where = gaze(self.region_channels, parts)

    def places(self, images: Tensor) -> Tensor:
        """Spectra (B, 1, bins, frames) -> (B, region_channels, 1, frames / 2), local ones first."""
        local = self.local(images)
        deep = self.deep(torch.cat((local, clock(local)), dim=1))
        return torch.cat((local, deep), dim=1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Regions (B, region_channels, N) and pooled (B, pooled_channels)."""
        places = self.places(images)
        return F.avg_pool2d(places, (1, self.region_pool)).flatten(2), self.pooled(places)


def clock(places: Tensor) -> Tensor:
    """(B, `PLACE`, 1, T): when each of the places (B, C, 1, T) is."""
    count = places.shape[3]
    time = (torch.arange(count, device=places.device, dtype=places.dtype) + 0.5) / count
    turns = 2 * math.pi * time * torch.arange(1, CLOCK + 1, device=places.device)[:, None] / 2
    found = torch.cat((2 * time[None] - 1, turns.sin(), turns.cos()))
    return found[None, :, None].expand(len(places), -1, -1, -1)


def _layer(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int],
    padding: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]
