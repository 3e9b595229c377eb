"""The choice of normalisation that networks share: batch statistics, groups of channels, or, in
discriminators, weights of bounded norm."""

from __future__ import annotations

from typing import Literal

from torch import nn

from experiments.layer.spectral import SpectralConv2d, SpectralConv3d, SpectralLinear
from experiments.layer.volume import Halving3d

Norm = Literal["batch", "group"]
JudgeNorm = Literal["batch", "group", "spectral"]
MAX_GROUPS = 32


def normalisation(kind: Norm, channels: int, dims: int = 2) -> nn.Module:
    """A norm layer for `channels`; `dims` 1 for (B, C) or (B, C, L) input, 2 for maps, 3 for clips.

    "group" computes nothing across the batch: use it for batches of one or two, and where several
    processes must agree with one. It takes the largest group count up to 32 that divides
    `channels` and leaves at least two channels in a group.
    """
    assert kind in ("batch", "group"), f"norm must be 'batch' or 'group', got {kind!r}"
    if kind == "group":
        fitting = (g for g in range(min(MAX_GROUPS, channels // 2), 1, -1) if channels % g == 0)
        return nn.GroupNorm(next(fitting, 1), channels)
    return (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dims - 1](channels)


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int, norm: JudgeNorm, normalised: bool = True
) -> list[nn.Module]:
    """A convolution that keeps the side, or halves it with `kernel` 4 and `stride` 2, and its norm.

    "spectral" bounds the weight, gives it a bias and leaves the norm layer out, wherever it stands;
    the other norms stand after layers that are `normalised`.
    """
    padding = (kernel - 1) // 2
    if norm == "spectral":
        return [SpectralConv2d(inputs, outputs, kernel, stride, padding)]
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return [layer, normalisation(norm, outputs)] if normalised else [layer]


def volume(
    inputs: int, outputs: int, kernel: int, norm: JudgeNorm, normalised: bool = True
) -> list[nn.Module]:
    """`convolution` of clips: one that halves frames and sides with `kernel` 4, else keeps them."""
    if kernel == 4:
        layer: nn.Module = Halving3d(inputs, outputs, norm == "spectral")
    elif norm == "spectral":
        layer = SpectralConv3d(inputs, outputs, kernel, 1, kernel // 2)
    else:
        layer = nn.Conv3d(inputs, outputs, kernel, 1, kernel // 2, bias=False)
    if norm == "spectral" or not normalised:
        return [layer]
    return [layer, normalisation(norm, outputs, dims=3)]


def linear(inputs: int, outputs: int, norm: JudgeNorm, normalised: bool = True) -> list[nn.Module]:
    """A linear layer with bias and its norm, as `convolution` has it."""
    if norm == "spectral":
        return [SpectralLinear(inputs, outputs)]
    layer = nn.Linear(inputs, outputs)
    return [layer, normalisation(norm, outputs, dims=1)] if normalised else [layer]
