"""Pictures bent so that points of theirs come to lie elsewhere, by a thin-plate spline.

Bookstein 1989: of all maps that take the points where they belong, the one that bends least. It is
differentiable in the picture and in both sets of points.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

STIFF = 1e-4  # added to the spline's own matrix, so that points may coincide


def warp(images: Tensor, places: Tensor, moved: Tensor) -> Tensor:
    """images (B, C, H, W) in which what was at `places` is at `moved`, (B, P, 2) each: x to the
    right and y down, from -1 to 1 at the outer edges. Beyond the edge the picture repeats its own.
    At least three points that are on no line. Computed in float32.
    """
    kind = images.device.type
    with torch.autocast("cpu" if kind == "meta" else kind, enabled=False):
        images, places, moved = images.float(), places.float(), moved.float()
        height, width = images.shape[-2:]
        # Where each pixel comes from: the spline takes places in the result back to the picture.
        weights, affine = _spline(moved, places)
        grid = _pixels(height, width, images)
        come = _bend(grid, moved) @ weights + _with_one(grid) @ affine
        return F.grid_sample(
            images,
            come.view(len(images), height, width, 2),
            padding_mode="border",
            align_corners=False,
        )


def _spline(points: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Of the spline that gives `values` at `points`, (B, P, 2) each: weights (B, P, 2) of its
    bends, and its affine part (B, 3, 2)."""
    count = points.shape[1]
    assert count >= 3, f"{count} points: three decide an affine map"
    bend = _bend(points, points) + STIFF * torch.eye(count, device=points.device)
    one = _with_one(points)
    corner = points.new_zeros(len(points), 3, 3)
    system = torch.cat(
        [torch.cat([bend, one], dim=2), torch.cat([one.transpose(1, 2), corner], dim=2)], dim=1
    )
    wanted = torch.cat([values, values.new_zeros(len(values), 3, 2)], dim=1)
    found = torch.linalg.solve(system, wanted)
    return found[:, :count], found[:, count:]


def _bend(places: Tensor, points: Tensor) -> Tensor:
    """r^2 log r^2 of places (N, 2), or (B, N, 2), and points (B, P, 2): (B, N, P); 0 at r = 0."""
    apart = (places[..., :, None, :] - points[:, None, :, :]).square().sum(-1)
    return apart * apart.clamp_min(1e-12).log()


def _with_one(places: Tensor) -> Tensor:
    """(..., N, 2) as (..., N, 3): 1, x, y."""
    return torch.cat([torch.ones_like(places[..., :1]), places], dim=-1)


def _pixels(height: int, width: int, like: Tensor) -> Tensor:
    """The centres of all pixels, (H W, 2)."""
    x, y = (
        (torch.arange(count, device=like.device, dtype=like.dtype) * 2 + 1) / count - 1
        for count in (width, height)
    )
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1).view(-1, 2)
