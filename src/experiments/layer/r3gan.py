"""What both networks of R3GAN are made of (Huang et al. 2024, section 4): blocks of grouped
convolutions without norms, and changes of side by a smooth kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2
GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))  # keeps the scale through a leaky ReLU
EXPANSION = 2
BLOCKS = 2  # of each side


def scaled_normal(layer: nn.Linear | nn.Conv2d, gain: float = 1.0) -> None:
    """Weights N(0, gain^2 / fan-in), biases 0."""
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(fan_in))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class GroupedResidual(nn.Module):
    """x + B(x): 1x1 to twice the channels, grouped 3x3, 1x1 back, with leaky ReLUs between."""

    def __init__(self, channels: int, group: int, blocks: int) -> None:
        """`group`: channels of each group of the 3x3 convolution, of `EXPANSION` x channels, or as
        many of them as divide those. `blocks`: of the whole network, by whose number the first
        weights are scaled."""
        super().__init__()
        wide = EXPANSION * channels
        group = math.gcd(wide, group)
        self.blocks = blocks
        self.first = nn.Conv2d(channels, wide, 1)
        self.second = nn.Conv2d(wide, wide, 3, padding=1, groups=wide // group)
        self.third = nn.Conv2d(wide, channels, 1, bias=False)

    def reset_parameters(self) -> None:
        """The last layer is 0, so that a block begins as the identity."""
        gain = GAIN * self.blocks ** (-1.0 / 4.0)
        for layer in (self.first, self.second):
            scaled_normal(layer, gain)
        nn.init.zeros_(self.third.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.first(x), SLOPE)
        return x + self.third(F.leaky_relu(self.second(h), SLOPE))


def smooth_kernel(x: Tensor, gain: float) -> Tensor:
    """[1, 3, 3, 1] by itself, summing to `gain`, for each channel of x: (C, 1, 4, 4)."""
    line = torch.tensor([1.0, 3.0, 3.0, 1.0], device=x.device, dtype=x.dtype)
    kernel = torch.outer(line, line)
    return (gain * kernel / kernel.sum()).expand(x.shape[1], 1, 4, 4)


def doubled(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, 2H, 2W)."""
    return F.conv_transpose2d(x, smooth_kernel(x, 4.0), stride=2, padding=1, groups=x.shape[1])


def halved(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, H/2, W/2)."""
    return F.conv2d(x, smooth_kernel(x, 1.0), stride=2, padding=1, groups=x.shape[1])


class Resized(nn.Module):
    """Twice or half the side, and other channels where they change: by a 1x1 convolution on the
    smaller map."""

    def __init__(self, inputs: int, outputs: int, up: bool) -> None:
        super().__init__()
        self.up = up
        self.project = (
            nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else nn.Identity()
        )

    def reset_parameters(self) -> None:
        if isinstance(self.project, nn.Conv2d):
            scaled_normal(self.project)

    def forward(self, x: Tensor) -> Tensor:
        return doubled(self.project(x)) if self.up else self.project(halved(x))


def stages(widths: Sequence[int], group: int, up: bool) -> nn.Sequential:
    """Blocks at each side, `BLOCKS` of each, and changes of side between them."""
    layers: list[nn.Module] = []
    for place, channels in enumerate(widths):
        if place:
            layers.append(Resized(widths[place - 1], channels, up))
        total = BLOCKS * len(widths)
        layers += (GroupedResidual(channels, group, total) for _ in range(BLOCKS))
    return nn.Sequential(*layers)
