"""Pictures turned, scaled, stretched and moved, without jagged edges (Karras et al. 2020,
StyleGAN2-ADA, appendix B): sampled at twice the resolution, between two low-pass filters.

It is linear in the picture, and so are its gradients, which can be followed again: a penalty of
slopes is taken through it.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

# The low-pass of the orthonormal wavelet sym6 (Daubechies 1992): it leaves a picture as it was when
# nothing happens between going up and down.
SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
TAPS = len(SYM6)
CENTRE = sum(place * tap for place, tap in enumerate(SYM6)) / sum(SYM6)
MARGIN = TAPS // 2 - 1  # pixels on each side that the filters see beyond the edge


def affine(images: Tensor, back: Tensor, moved: Tensor) -> Tensor:
    """images (B, C, R, R) as they look where a point x of the picture comes to lie at y, with
    x = back (y - moved): back (B, 2, 2), moved (B, 2), from the centre, in sides of the picture, to
    the right and down. Beyond its edge the picture is mirrored. In float32.
    """
    kind, side = images.device.type, images.shape[-1]
    with torch.autocast("cpu" if kind == "meta" else kind, enabled=False):
        fine = _finer(_mirrored(images.float()))
        count = fine.shape[-1]  # of samples a line; number n lies at (n - CENTRE + 1) / 2 pixels
        line = (torch.arange(count, device=images.device) - CENTRE + 1) / 2 - side / 2
        places = torch.stack([line.expand(count, count), line[:, None].expand(count, count)], -1)
        come = places - moved[:, None, None] * side
        come = torch.einsum("bij,bhwj->bhwi", back, come) + side / 2
        inside = side - (come.remainder(2 * side) - side).abs()
        grid = (2 * (2 * inside + CENTRE - 1) + 1) / count - 1
        sampled: Tensor = _Sample.apply(fine, grid)
        return _coarser(sampled)


def _mirrored(images: Tensor) -> Tensor:
    """With `MARGIN` pixels on each side."""
    side = images.shape[-1]
    place = torch.arange(-MARGIN, side + MARGIN, device=images.device)
    place = torch.where(place < 0, -1 - place, place)
    place = torch.where(place >= side, 2 * side - 1 - place, place)
    return images.index_select(2, place).index_select(3, place)


def _taps(device: torch.device) -> Tensor:
    return torch.tensor(SYM6).to(device, non_blocking=True)


def _finer(images: Tensor) -> Tensor:
    """(B, C, R + 2 MARGIN, ...) -> (B, C, 2 R + 2 MARGIN, ...)."""
    taps = _taps(images.device) * math.sqrt(2)
    x, crop = images.flatten(0, 1)[:, None], 2 * MARGIN
    x = F.conv_transpose2d(x, taps.view(1, 1, -1, 1), stride=(2, 1), padding=(crop, 0))
    x = F.conv_transpose2d(x, taps.view(1, 1, 1, -1), stride=(1, 2), padding=(0, crop))
    return x.unflatten(0, images.shape[:2]).squeeze(2)


def _coarser(fine: Tensor) -> Tensor:
    """(B, C, 2 R + 2 MARGIN, ...) -> (B, C, R, R)."""
    taps = _taps(fine.device) / math.sqrt(2)
    x = F.conv2d(fine.flatten(0, 1)[:, None], taps.view(1, 1, -1, 1), stride=(2, 1))
    x = F.conv2d(x, taps.view(1, 1, 1, -1), stride=(1, 2))
    return x.unflatten(0, fine.shape[:2]).squeeze(2)


def _sampled(images: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(images, grid, "bilinear", "zeros", align_corners=False)


class _Sample(torch.autograd.Function):
    """Values of a picture between its pixels, at places that are constants. PyTorch knows the
    gradient, and not the gradient of that, which is the same map again."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return _sampled(images, grid)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (grid,) = ctx.saved_tensors
        return _Spread.apply(gradient, grid, ctx.shape), None


class _Spread(torch.autograd.Function):
    """The transpose of `_Sample`."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        with torch.enable_grad():
            images = values.new_zeros(shape).requires_grad_()
            (found,) = torch.autograd.grad(_sampled(images, grid), images, values)
        return found

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        (grid,) = ctx.saved_tensors
        return _Sample.apply(gradient, grid), None, None
