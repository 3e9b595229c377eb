"""A discriminator on features of a network that knows pictures already and never changes (Projected
GAN, Sauer et al. 2021), told a sentence as StyleGAN-T is (Sauer et al. 2023).

Maps of four scales are mixed at random, by layers that never change either, across channels and
then across scales; each mixture has a judge of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from experiments.discriminator.base import MAP_SIZE, SLOPE, Discriminator, Logits
from experiments.discriminator.together import together
from experiments.layer.resize import at_side
from experiments.layer.spectral import (
    SpectralConv2d,
    normed_weight,
    restart_power_method,
    stored_weight,
)

MIXED = (64, 128, 256, 512)  # channels of each scale after the first mixing, large maps first
WIDTHS = (64, 64, 128, 256, 512)  # of a judge of the largest maps; others begin further on
TOLD = 64  # numbers that sentence and picture are compared by
SMALLEST = 128  # px: the judge of the largest maps halves them four times, and 4 x 4 are left
STRIDE = 32  # of the smallest map


class Mixing(nn.Module):
    """Four maps (B, C_i, H / 2^i, ...) -> four of twice the side, 64, 64, 128 and 256 channels:
    1x1 convolutions, then from the smallest up each sum is doubled in side and halved in
    channels."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        assert len(channels) == len(MIXED), "maps of four scales"
        self.across = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 1) for inputs, outputs in zip(channels, MIXED, strict=True)
        )
        self.down = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 1) for inputs, outputs in zip(MIXED, WIDTHS, strict=False)
        )
        self.requires_grad_(False)

    def own_start(self) -> None:
        """N(0, 2 / fan-in) (He et al. 2015), which keeps the size of features; no biases."""
        for layer in (*self.across, *self.down):
            nn.init.kaiming_normal_(layer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        found: list[Tensor] = []
        for scale in reversed(range(len(MIXED))):
            x = self.across[scale](maps[scale])
            if found:
                x = x + found[0]
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
            found.insert(0, self.down[scale](x))
        return found


class Judge(nn.Module):
    """Bounded convolutions that halve a map to 512 channels, and a logit of every 4x4 of it; with a
    sentence the product of 64 numbers of both, / 8."""

    def __init__(self, widths: Sequence[int], text_dim: int, separable: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += (separated if separable else halving)(inputs, outputs)
        self.layers = nn.Sequential(*layers)
        self.last = SpectralConv2d(widths[-1], TOLD if text_dim else 1, MAP_SIZE, bias=False)
        self.told = nn.Linear(text_dim, TOLD) if text_dim else None

    def forward(self, maps: Sequence[Tensor], told: Sequence[Tensor]) -> list[Tensor]:
        """Maps (B, 512, H, W) and sentences (B, D) of each batch -> logits (B, N)."""
        found = []
        for seen, sentence in zip(together([self.last], maps), told, strict=True):
            if self.told is not None:
                asked = self.told(sentence).to(seen.dtype)[:, :, None, None]
                seen = (seen * asked).sum(1, keepdim=True) / math.sqrt(TOLD)
            found.append(seen.flatten(1))
        return found


class ProjectedDiscriminator(Discriminator):
    """Its logits are (B, N), of N places of all four judges."""

    def __init__(
        self,
        resolutions: Sequence[int],
        backbone: nn.Module,
        text_dim: int = 256,
        input_size: int = 224,
        separable: bool = False,
    ) -> None:
        """`backbone`: what features are of, with a method `scales` and its `scale_channels`; it
        never changes. `text_dim`: of the sentence; 0: it is told none. `input_size`: side that
        smaller pictures are brought to. `separable`: judges of one filter for each channel, as
        released for the generators of StyleGAN2.
        """
        super().__init__()
        assert len(resolutions) == 1, (
            f"resolutions={list(resolutions)}: it judges one picture; take a generator of one stage"
        )
        assert input_size >= SMALLEST and input_size % STRIDE == 0, (
            f"input_size={input_size}: must be a multiple of {STRIDE} from {SMALLEST}"
        )
        self.resolutions, self.input_size = list(resolutions), input_size
        seeing: Any = backbone.requires_grad_(False)
        self.backbone: Any = seeing
        self.mixing = Mixing(seeing.scale_channels)
        self.judges = nn.ModuleList(
            Judge(WIDTHS[scale:], text_dim, separable) for scale in range(len(MIXED))
        )

    def own_start(self) -> None:
        """The mixing at random, judges as PyTorch begins their layers, the backbone as it is."""
        self.mixing.own_start()
        for layer in self.judges.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_uniform_(stored_weight(layer), math.sqrt(5))
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
                restart_power_method(layer)
            elif isinstance(layer, nn.BatchNorm2d):
                layer.reset_parameters()

    def trunks(self, batches: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        """The last map of each judge. Only judges have statistics of a batch: each of its own."""
        images = torch.cat([image for (image,) in batches])
        if images.shape[-1] < self.input_size:
            images = at_side(images, self.input_size)
        mixed = self.mixing(self.backbone.scales(images))
        sizes = [len(image) for (image,) in batches]
        seen = [
            together(judge.layers, maps.split(sizes))  # type: ignore[arg-type]
            for judge, maps in zip(self.judges, mixed, strict=True)
        ]
        return [list(maps) for maps in zip(*seen, strict=True)]

    def heads(
        self, features: Sequence[Sequence[Tensor]], conditions: Sequence[Tensor]
    ) -> list[list[Logits]]:
        """All places of all judges count alike."""
        by_judge = [
            judge(maps, conditions)
            for judge, maps in zip(self.judges, zip(*features, strict=True), strict=True)
        ]
        return [[(torch.cat(logits, 1), None)] for logits in zip(*by_judge, strict=True)]


def halving(inputs: int, outputs: int) -> list[nn.Module]:
    return [
        SpectralConv2d(inputs, outputs, 4, 2, 1),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE),
    ]


class Depthwise(nn.Conv2d):
    """A filter of 3x3 for each channel, bounded together."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, 1, 1, groups=channels, bias=False)
        spectral_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, normed_weight(self, x), None)


def separated(inputs: int, outputs: int) -> list[nn.Module]:
    return [
        Depthwise(inputs),
        SpectralConv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE),
        nn.AvgPool2d(2),
    ]
