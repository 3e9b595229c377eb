"""The bottleneck residual block of Reed 2016 and StackGAN, for generators and discriminators."""

from __future__ import annotations

from torch import Tensor, nn

from experiments.layer.normalisation import JudgeNorm, convolution


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
