"""Residual blocks that several networks have: the basic one of He et al. 2016, and the bottleneck
of Reed 2016 and StackGAN, for generators and discriminators."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from experiments.layer.normalisation import JudgeNorm, Norm, convolution, normalisation


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, then an activation."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            normalisation(norm, outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            normalisation(norm, outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            pool = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
            self.shortcut = nn.Sequential(
                pool, nn.Conv2d(inputs, outputs, 1, bias=False), normalisation(norm, outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.shortcut(x))


class Bottleneck(nn.Module):
    """x + B(x): 1x1 to `hidden`, 3x3, 3x3 back, a norm after each and `activation` between them.

    Without an activation on the sum: it differs between generators and discriminators.
    """

    def __init__(self, channels: int, hidden: int, norm: JudgeNorm, activation: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *convolution(channels, hidden, 1, 1, norm),
            activation,
            *convolution(hidden, hidden, 3, 1, norm),
            activation,
            *convolution(hidden, channels, 3, 1, norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)
