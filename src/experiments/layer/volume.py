"""Convolutions that halve and double clips (B, C, T, H, W) along time, height and width at once,
for networks of any frames and side that the same number of doublings makes."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv3d_weight
from torch.nn.utils.parametrizations import spectral_norm

from experiments.layer.spectral import normed_weight

LEAST = 3  # side of the smallest map
FEW = 4  # channels of what is seen or made, up to which the own way is faster on a CPU
Base = tuple[int, int, int]


def base_of(frames: int, side: int, base: tuple[int, ...] | list[int] | None = None) -> Base:
    """The smallest map (T, H, W) of clips of `frames` x `side` x `side`: halved as often as both
    are even and the side stays at least 3. (1, 3, 3) of 16 x 48 and 8 x 24, (1, 4, 4) of 8 x 32,
    (2, 4, 4) of 32 x 64. A given `base` must be one that doublings bring to the clip.
    """
    if base is None:
        t, s = frames, side
        while t % 2 == s % 2 == 0 and s // 2 >= LEAST:
            t, s = t // 2, s // 2
        base = (t, s, s)
    t, height, width = base
    ups = (side // height).bit_length() - 1
    assert ups >= 1 and (t << ups, height << ups, width << ups) == (frames, side, side), (
        f"base: {list(base)} is not doubled to {frames} frames of {side} x {side}"
    )
    return t, height, width


def halvings(side: int, base: Base) -> int:
    """How often clips of a side are halved to the base."""
    return (side // base[1]).bit_length() - 1


class Halving3d(nn.Conv3d):
    """Kernel 4, stride 2, padding 1: (B, C, T, H, W) -> (B, outputs, T/2, H/2, W/2).

    `spectral` bounds the weight, and gives it a bias. `fast`: on a CPU, of clips with few channels,
    the gradient of the clip comes as `doubled` computes it: the same function.
    """

    def __init__(self, inputs: int, outputs: int, spectral: bool = False) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, bias=spectral)
        self.fast = True
        if spectral:
            spectral_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        weight = normed_weight(self, x)
        if self.fast and own_way(x, self.in_channels) and x.requires_grad:
            found: Tensor = _Halve.apply(*in_autocast(x, weight))
            return found if self.bias is None else found + self.bias[:, None, None, None]
        return self._conv_forward(x, weight, self.bias)


class Doubling3d(nn.ConvTranspose3d):
    """The mirror, without bias. `fast`: on a CPU, where few channels are made, as `doubled`."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, bias=False)
        self.fast = True

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if self.fast and own_way(x, self.out_channels):
            return _Double.apply(*in_autocast(x, self.weight))  # type: ignore[no-any-return]
        return F.conv_transpose3d(x, self.weight, None, 2, 1)


def last(x: Tensor) -> Tensor:
    """x (B, C, H, W) or (B, C, T, H, W) with its channels last in memory, those of one channel too:
    PyTorch takes these for contiguous, and what a convolution makes of them with them."""
    if x.shape[1] == 1:
        return x.contiguous().squeeze(1).unsqueeze(-1).movedim(-1, 1)
    layout = torch.channels_last if x.dim() == 4 else torch.channels_last_3d
    return x.contiguous(memory_format=layout)


def halved_in_cells(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution of x (B, C, H, W) with kernel 4, stride 2 and padding 1 as one with a kernel of
    2 over cells of 2 x 2 pixels, channels last: of few channels, a CPU finds the gradient of x in
    half the time."""
    assert layer.kernel_size == (4, 4) and layer.stride == (2, 2) and layer.padding == (1, 1)
    cells = F.pad(x, (1, 1, 1, 1)).unflatten(3, (-1, 2)).unflatten(2, (-1, 2))
    cells = cells.permute(0, 2, 4, 1, 3, 5).flatten(3).movedim(3, 1)
    kernel = normed_weight(layer, x).unflatten(3, (2, 2)).unflatten(2, (2, 2))
    kernel = kernel.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)
    return F.conv2d(cells, kernel, layer.bias)


def own_way(x: Tensor, channels: int) -> bool:
    return x.device.type == "cpu" and channels <= FEW


def in_autocast(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the precision that a convolution would take them in."""
    kind = x.device.type
    if not torch.is_autocast_enabled(kind):
        return x, weight
    dtype = torch.get_autocast_dtype(kind)
    return x.to(dtype), weight.to(dtype)


def halved(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv3d(x, weight, None, 2, 1)


def doubled(x: Tensor, weight: Tensor) -> Tensor:
    """`conv_transpose3d` of stride 2 and padding 1 with a kernel of 4, weight (in, out, 4, 4, 4):
    even and odd frames, rows and columns are channels of one convolution with a kernel of 2, whose
    tap k of phase p is number 3 - 2 k - p of the kernel. With few outputs a CPU does it four times
    as fast."""
    batch, _, frames, height, width = x.shape
    kernel = weight.flip(2, 3, 4)
    for axis in (4, 3, 2):
        kernel = kernel.unflatten(axis, (2, 2))  # in, out, tap, phase, tap, phase, tap, phase
    y = F.conv3d(x, kernel.permute(1, 3, 5, 7, 0, 2, 4, 6).flatten(0, 3), padding=1)
    y = y.contiguous().unflatten(1, (-1, 2, 2, 2))
    clip, outputs, odd_t, odd_y, odd_x, t, row, column = y.stride()
    # Pixel (2 i + a) of an axis of the output is y[a, i + a].
    spread = y.as_strided(
        (batch, weight.shape[1], frames, 2, height, 2, width, 2),
        (clip, outputs, t, odd_t + t, row, odd_y + row, column, odd_x + column),
    )
    return spread.reshape(batch, -1, 2 * frames, 2 * height, 2 * width)


def kernel_gradient(large: Tensor, shape: Any, small: Tensor) -> Tensor:
    """Of `halved(large)` towards `small`, and of `doubled(small)` towards `large`."""
    return conv3d_weight(large, shape, small, stride=2, padding=1)


class _Halve(torch.autograd.Function):
    """`halved`, whose gradient of x is `doubled`; every part can be followed again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return halved(x, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        wanted_x, wanted_weight = ctx.needs_input_grad
        return (
            _Double.apply(gradient, weight) if wanted_x else None,
            kernel_gradient(x, weight.shape, gradient) if wanted_weight else None,
        )


class _Double(torch.autograd.Function):
    """`doubled`, whose gradient of x is `halved`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return doubled(x, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        wanted_x, wanted_weight = ctx.needs_input_grad
        return (
            _Halve.apply(gradient, weight) if wanted_x else None,
            kernel_gradient(gradient, weight.shape, x) if wanted_weight else None,
        )
