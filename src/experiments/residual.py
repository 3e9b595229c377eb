"""The bottleneck residual block of Reed 2016 and StackGAN, for generators and discriminators."""

from __future__ import annotations

from torch import Tensor, nn

from experiments.normalisation import Norm, normalisation


class Bottleneck(nn.Module):
    """x + B(x): 1x1 to `hidden`, 3x3, 3x3 back, a norm after each and `activation` between them.

    Without an activation on the sum: it differs between generators and discriminators.
    """

    def __init__(self, channels: int, hidden: int, norm: Norm, activation: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            normalisation(norm, hidden),
            activation,
            nn.Conv2d(hidden, hidden, 3, padding=1, bias=False),
            normalisation(norm, hidden),
            activation,
            nn.Conv2d(hidden, channels, 3, padding=1, bias=False),
            normalisation(norm, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)
