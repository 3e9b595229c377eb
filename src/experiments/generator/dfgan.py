"""DF-GAN's generator: one stage that a sentence shapes in every layer (Tao et al. 2022, section 3).

Pictures grow from 4x4 in residual blocks without any norm. In each block two pairs of affine layers
scale and shift every channel by numbers that two small networks make of noise and sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.generator.base import SEED_SIZE, Generator, GeneratorOutput
from experiments.generator.block import UpConv
from experiments.layer.start import layers_own_start
from experiments.layer.width import widths_of

SLOPE = 0.2
Told = Literal["noise_sentence", "sentence"]


class Affine(nn.Module):
    """x gamma(y) + beta(y), channel by channel; it begins as the identity, whatever y is."""

    def __init__(self, told_dim: int, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = (
            nn.Sequential(nn.Linear(told_dim, channels), nn.ReLU(), nn.Linear(channels, channels))
            for _ in range(2)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """gamma 1 and beta 0; the layers before the last are left as they are."""
        for part, value in ((self.gamma, 1.0), (self.beta, 0.0)):
            last = part[-1]
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.constant_(last.bias, value)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """x (B, C, H, W), told (B, Y)."""
        return torch.addcmul(
            self.beta(told)[:, :, None, None].to(x.dtype), x, self.gamma(told)[:, :, None, None]
        )


class Fusion(nn.Module):
    """Affine, leaky ReLU, affine, leaky ReLU: every pixel alone."""

    def __init__(self, told_dim: int, channels: int) -> None:
        super().__init__()
        self.first, self.second = Affine(told_dim, channels), Affine(told_dim, channels)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(x, told), SLOPE)
        return F.leaky_relu(self.second(x, told), SLOPE)


class UpResidual(nn.Module):
    """(B, inputs, H, W) -> (B, outputs, 2H, 2W): the released block doubles the map first.

    What looks at every pixel alone comes before the doubling here, as the first fusion and the
    shortcut do: a quarter of the work, the same function.
    """

    def __init__(self, inputs: int, outputs: int, told_dim: int, fast: bool) -> None:
        super().__init__()
        self.before = Fusion(told_dim, inputs)
        self.up = UpConv(inputs, outputs, fast, bias=True)
        self.between = Fusion(told_dim, outputs)
        self.conv = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        residual = self.conv(self.between(self.up(self.before(x, told)), told))
        return residual + F.interpolate(self.shortcut(x), scale_factor=2.0, mode="nearest")


class DFGANGenerator(Generator):
    """A picture of noise and a sentence, in one stage."""

    def __init__(
        self,
        resolutions: Sequence[int] = (256,),
        width: int = 32,
        noise_dim: int = 100,
        text_dim: int = 256,
        told: Told = "noise_sentence",
        fast_upsample: bool = True,
    ) -> None:
        """`width`: channels of the last map (nf); they double towards 4x4, up to 8 x width. `told`:
        what the affine layers are, noise and sentence as released, or the sentence alone as in the
        figure of the paper. 256 px is published; 8, 16, 32, ... px are made alike.
        `fast_upsample` as in `UpConv`.
        """
        super().__init__()
        (resolution,) = resolutions
        assert told in get_args(Told), told
        self.resolutions, self.told = [resolution], told
        self.noise_dim, self.condition_dim, self.text_dim = noise_dim, 0, text_dim
        told_dim = text_dim + (noise_dim if told == "noise_sentence" else 0)
        widths = widths_of(resolution, width)[::-1]
        self.seed = nn.Linear(noise_dim, widths[0] * SEED_SIZE * SEED_SIZE)
        self.blocks = nn.ModuleList(
            UpResidual(inputs, outputs, told_dim, fast_upsample)
            for inputs, outputs in pairwise(widths)
        )
        self.head = nn.Conv2d(width, 3, 3, padding=1)

    def own_start(self) -> None:
        """Every layer as PyTorch begins it, affine layers as the identity: at first a picture does
        not depend on its sentence at all."""
        layers_own_start(self)

    def forward(self, noise: Tensor, epsilon: Tensor, sentence: Tensor) -> GeneratorOutput:
        """noise (B, noise_dim) ~ N(0, I); epsilon is not used; sentence (B, text_dim)."""
        told = sentence
        if self.told == "noise_sentence":
            told = torch.cat((noise, sentence.to(noise.dtype)), dim=1)
        h = self.seed(noise).view(len(noise), -1, SEED_SIZE, SEED_SIZE)
        for block in self.blocks:
            h = block(h, told)
        return GeneratorOutput([torch.tanh(self.head(F.leaky_relu(h, SLOPE)).float())])
