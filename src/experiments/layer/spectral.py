"""Layers whose weight is divided by its largest singular value (Miyato et al. 2018)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

ITERATIONS = 15  # of the power method on fresh weights; each training pass adds one


class SpectralConv2d(nn.Conv2d):
    """A convolution, its weight taken as the matrix (outputs, inputs x kernel^2)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias)
        spectral_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, normed_weight(self, x), self.bias)


class SpectralConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution without bias, its weight taken as (outputs, inputs x kernel^2)."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, bias=False)
        spectral_norm(self)
        self.steps, self.cut = stride, padding

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        return F.conv_transpose2d(x, normed_weight(self, x), None, self.steps, self.cut)


class SpectralLinear(nn.Linear):
    """A linear layer with bias."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        spectral_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, normed_weight(self, x), self.bias)


class SpectralConv3d(nn.Conv3d):
    """A convolution of clips, its weight taken as the matrix (outputs, inputs x kernel^3)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] = 1,
        padding: int | tuple[int, int, int] = 0,
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias)
        spectral_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, normed_weight(self, x), self.bias)


def normed_weight(
    layer: nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.Linear, x: Tensor
) -> Tensor:
    """The weight, in float32 under autocast too: its norm is the sum of many products."""
    if x.device.type == "meta":  # which has no autocast
        return layer.weight
    with torch.autocast(x.device.type, enabled=False):
        return layer.weight


def stored_weight(layer: nn.Module) -> Tensor:
    """The parameter behind the weight of a layer, which is the weight itself in a plain one."""
    if not parametrize.is_parametrized(layer, "weight"):
        return layer.weight  # type: ignore[return-value]
    weights: Any = layer.parametrizations
    stored: Tensor = weights.weight.original
    return stored


@torch.no_grad()
def restart_power_method(layer: nn.Module) -> None:
    """Find the singular vectors of a weight that was just set."""
    if not parametrize.is_parametrized(layer, "weight"):
        return
    for name, vector in layer.named_buffers():
        if name.startswith("parametrizations.weight."):
            vector.copy_(F.normalize(torch.randn_like(vector), dim=0))
    training = layer.training
    layer.train()
    for _ in range(ITERATIONS):
        layer.weight  # noqa: B018 - reading it in training is one iteration
    layer.train(training)
