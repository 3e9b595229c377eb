"""How clips are halved to a small map, in frames and side together, and doubled again (VGAN,
Vondrick 2016: kernels of 4, strides of 2). What is not halved in time is not mixed in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from experiments.layer.normalisation import JudgeNorm, Norm, normalisation
from experiments.layer.spectral import SpectralConv3d
from experiments.layer.volume import Doubling3d, Halving3d

LARGEST = 5  # px: the side of the smallest map is at most this
SLOPE = 0.2
BOTH = (2, 2)
SIDE_ALONE = (1, 4, 4), (1, 2, 2), (0, 1, 1)  # kernel, stride, padding
Steps = list[tuple[int, int]]  # factors of frames and of the side, from the clip to the map


def steps_of(frames: int, side: int) -> Steps:
    """What a clip is divided by, step by step: (2, 2), and (1, 2) once its frames are odd.

    32 x 64 x 64, 16 x 48 x 48 and 8 x 24 x 24 end at (2, 4, 4), (1, 3, 3) and (1, 3, 3), as the
    published ones do.
    """
    found: Steps = []
    while side > LARGEST and side % 2 == 0:
        in_time = 2 if frames % 2 == 0 else 1
        found.append((in_time, 2))
        frames, side = frames // in_time, side // 2
    assert found and side <= LARGEST, (
        f"side={side << len(found)}: must be 1 to {LARGEST} times 2, 4, 8, ..., as 24, 48 or 64"
    )
    return found


def smallest(frames: int, side: int) -> tuple[int, int, int]:
    """The (frames, side, side) of the smallest map."""
    for in_time, in_space in steps_of(frames, side):
        frames, side = frames // in_time, side // in_space
    return frames, side, side


def widths_of(steps: Steps, width: int) -> list[int]:
    """Channels after each halving: they double from `width`."""
    return [width << step for step in range(len(steps))]


def halving(
    inputs: int, outputs: int, step: tuple[int, int], norm: JudgeNorm | None, eps: float
) -> list[nn.Module]:
    """A convolution over (B, inputs, T, H, W) that divides T and H, W by the step, its norm, None
    for none, and leaky ReLU of 0.2. A layer with a norm has no bias, which would do nothing;
    "spectral" bounds its weight instead."""
    layer: nn.Conv3d
    if norm == "spectral":
        if step == BOTH:
            layer = Halving3d(inputs, outputs, spectral=True)
        else:
            layer = SpectralConv3d(inputs, outputs, *SIDE_ALONE)
        return [layer, nn.LeakyReLU(SLOPE)]
    if step == BOTH:
        layer = Halving3d(inputs, outputs)
    else:
        layer = nn.Conv3d(inputs, outputs, *SIDE_ALONE, bias=False)
    if norm is None:
        layer.bias = nn.Parameter(torch.zeros(outputs))
    return [layer, *normed(norm, outputs, 3, eps), nn.LeakyReLU(SLOPE)]


def halvings(
    shape: Sequence[int], width: int, norm: JudgeNorm, eps: float = 1e-5
) -> tuple[nn.Sequential, int, tuple[int, int, int]]:
    """Halvings of clips (channels, frames, side), with a norm from the second on, or all weights
    bounded; the channels, and the (frames, side, side), of what they end at."""
    inputs, frames, side = shape
    layers: list[nn.Module] = []
    steps = steps_of(frames, side)
    for index, (step, outputs) in enumerate(zip(steps, widths_of(steps, width), strict=True)):
        own = norm if index or norm == "spectral" else None
        layers += halving(inputs, outputs, step, own, eps)
        inputs = outputs
    return nn.Sequential(*layers), inputs, smallest(frames, side)


class Shown(nn.Module):
    """The last doubling, to what is shown: it has a bias, and no norm behind it."""

    def __init__(self, inputs: int, outputs: int, step: tuple[int, int]) -> None:
        super().__init__()
        self.doubling = doubling(inputs, outputs, step)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.doubling(x)
        return found + self.bias[:, None, None, None].to(found.dtype)


def doubling(inputs: int, outputs: int, step: tuple[int, int]) -> nn.ConvTranspose3d:
    """The transposed convolution that multiplies T and H, W by the step, without bias."""
    if step == BOTH:
        return Doubling3d(inputs, outputs)
    return nn.ConvTranspose3d(inputs, outputs, *SIDE_ALONE, bias=False)


def doublings(
    steps: Steps, widths: Sequence[int], norm: Norm, joined: bool = False
) -> nn.Sequential:
    """From the smallest map up, all doublings but the last: (B, widths[0], t, h, w), each followed
    by its norm and ReLU. `widths`: from the smallest map up. `joined`: behind each, a map of as
    many channels joins (`through`)."""
    layers: list[nn.Module] = []
    for step, (inputs, outputs) in zip(steps[:0:-1], itertools.pairwise(widths), strict=True):
        taken = inputs * 2 if joined and layers else inputs
        layers += [doubling(taken, outputs, step), *normed(norm, outputs, 3), nn.ReLU()]
    return nn.Sequential(*layers)


def through(layers: nn.Module, x: Tensor, beside: Sequence[Tensor]) -> Tensor:
    """Doublings, or what is in two dimensions as they are, of x; behind the ReLU of each joins the
    next map of `beside` (B, C, h, w), the same at all times."""
    left = list(beside)
    for layer in layers.children():
        x = layer(x)
        if left and isinstance(layer, nn.ReLU):
            found = left.pop(0).to(x.dtype)
            if x.dim() == 5:
                found = found[:, :, None].expand(-1, -1, x.shape[2], -1, -1)
            x = torch.cat((x, found), dim=1)
    return x


def normed(norm: Norm | None, channels: int, dims: int, eps: float = 1e-5) -> list[nn.Module]:
    """The norm, with that much added to its variances; nothing where it is None."""
    if norm is None:
        return []
    layer: Any = normalisation(norm, channels, dims)
    layer.eps = eps
    return [layer]
