"""Convolutions that halve a map until little is left of it, and their mirror, for maps of any
shape: pictures (3, R, R) and spectrograms (1, bins, frames) alike. CMCGAN, which these serve, was
published without code and without layers: the rule below is this project's choice."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from experiments.layer.normalisation import JudgeNorm, Norm, convolution, normalisation

SLOPE = 0.2
LONGEST, LEAST = 4, 2  # sides where halving ends: the longer is at most this, or the shorter one is
GROWTH = 8  # times the width that channels grow to


def widths_of(shape: Sequence[int], width: int) -> list[int]:
    """Channels after each halving of maps of a shape (channels, height, width).

    Sides are halved until the longer one is 4, or the shorter one 2; channels double from `width`
    to 8 times that: 64, 128, 256, 512, 512 for 128 x 128, and one less for 128 x 32 and 64 x 64.
    """
    _, height, across = shape
    long, short, count = max(height, across), min(height, across), 0
    while (long >> count) > LONGEST and (short >> count) > LEAST:
        count += 1
    assert count and height % (1 << count) == across % (1 << count) == 0, (
        f"shape: maps of {height} x {across} cannot be halved {max(count, 1)} times; sides must be "
        "8, 16, 32, ... or a multiple"
    )
    return [width * min(GROWTH, 1 << level) for level in range(count)]


def smallest(shape: Sequence[int], width: int) -> tuple[int, int, int]:
    """The shape of what is left: (512, 4, 4) of 128 x 128, (512, 8, 2) of 128 x 32."""
    widths = widths_of(shape, width)
    return widths[-1], shape[1] >> len(widths), shape[2] >> len(widths)


class Halvings(nn.Sequential):
    """Maps (B, *shape) -> (B, *self.shape): kernels of 4, stride 2, norm, leaky ReLU of 0.2. The
    first layer has no norm, as in DCGAN."""

    def __init__(self, shape: Sequence[int], width: int, norm: JudgeNorm = "batch") -> None:
        layers: list[nn.Module] = []
        inputs = shape[0]
        for level, outputs in enumerate(widths_of(shape, width)):
            layers += convolution(inputs, outputs, 4, 2, norm, normalised=level > 0)
            layers.append(nn.LeakyReLU(SLOPE))
            inputs = outputs
        super().__init__(*layers)
        self.shape = smallest(shape, width)
        self.size = self.shape[0] * self.shape[1] * self.shape[2]


class Doublings(nn.Module):
    """The mirror: vectors (B, inputs) -> maps (B, *shape) in [-1, 1], float32. A linear layer, then
    transposed convolutions with kernels of 4, stride 2, norm and ReLU; tanh at the end."""

    def __init__(self, inputs: int, shape: Sequence[int], width: int, norm: Norm = "batch") -> None:
        super().__init__()
        self.shape = smallest(shape, width)
        widths = widths_of(shape, width)[::-1]
        channels, height, across = self.shape
        self.seed = nn.Linear(inputs, channels * height * across, bias=False)
        layers: list[nn.Module] = [normalisation(norm, channels), nn.ReLU()]
        for before, after in itertools.pairwise(widths):
            layers += [
                nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False),
                normalisation(norm, after),
                nn.ReLU(),
            ]
        layers.append(nn.ConvTranspose2d(widths[-1], shape[0], 4, 2, 1))
        self.layers = nn.Sequential(*layers)

    def forward(self, vectors: Tensor) -> Tensor:
        maps = self.seed(vectors).view(-1, *self.shape)
        return torch.tanh(self.layers(maps).float())
