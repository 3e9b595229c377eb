"""Changes of StyleGAN2-ADA (Karras et al. 2020, appendix B): pictures mirrored, turned, moved and
stretched, and their colours turned, each of them in a picture or not.

Written from the formulas. Filters by bands and noise of that work are left out: its own default
has neither.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from experiments.layer.affine import affine

SHIFT = 1 / 8  # of the side
SCALE, BRIGHTNESS, CONTRAST, SATURATION = 0.2, 0.2, 0.5, 1.0  # deviations
GREY = 1 / math.sqrt(3)  # each colour of the unit vector of grey


def flip(image: Tensor, random: Tensor, fires: Tensor) -> Tensor:
    """Left and right change places in half of the pictures where it fires. Both others: (B, 1)."""
    flipped = (random[:, 0] < 0.5) & fires[:, 0]
    return torch.where(flipped[:, None, None, None], image.flip(3), image)


def blit(image: Tensor, random: Tensor, fires: Tensor) -> Tensor:
    """Turned by quarters, then moved by whole pixels, up to an eighth of the side; what comes in is
    mirrored. random (B, 3), fires (B, 2)."""
    side = image.shape[-1]
    line = torch.arange(side, device=image.device)
    quarters = (random[:, 0] * 4).floor().long() * fires[:, 0]
    moved = ((random[:, 1:] * 2 - 1) * SHIFT * side).round().long() * fires[:, 1:]
    x, y = ((line - moved[:, axis, None]).abs() for axis in (0, 1))
    row, column = (torch.where(place < side, place, 2 * (side - 1) - place) for place in (y, x))
    rows, columns = row[:, :, None].expand(-1, -1, side), column[:, None].expand(-1, side, -1)
    turned = [
        (rows, columns),
        (columns, side - 1 - rows),
        (side - 1 - rows, side - 1 - columns),
        (side - 1 - columns, rows),
    ]
    places = torch.stack([down * side + across for down, across in turned], 1)
    place = places[torch.arange(len(image), device=image.device), quarters].flatten(1)
    found = image.flatten(2).gather(2, place[:, None].expand(-1, image.shape[1], -1))
    return found.view_as(image)


def geometric(image: Tensor, random: Tensor, fires: Tensor) -> Tensor:
    """Scaled by 2^(0.2 N), turned, stretched by 2^(0.2 N) one way and as much narrower the other,
    turned again, moved by N / 8 of the side. random (B, 6), fires (B, 5)."""
    n = normal(random)
    scale = torch.where(fires[:, 0], 2.0 ** (SCALE * n[:, 0]), 1.0)
    first, second = (
        torch.where(fires[:, gate], (2 * random[:, gate] - 1) * math.pi, 0.0) for gate in (1, 3)
    )
    stretch = torch.where(fires[:, 2], 2.0 ** (SCALE * n[:, 2]), 1.0)
    moved = torch.where(fires[:, 4:], SHIFT * n[:, 4:], 0.0)
    narrow = torch.diag_embed(torch.stack([1 / stretch, stretch], 1))
    with in_float32(image):
        back = turn(-first) @ narrow @ turn(-second) / scale[:, None, None]
    found = affine(image, back, moved).to(image.dtype)
    return torch.where(fires.any(1)[:, None, None, None], found, image)


def colour_transform(image: Tensor, random: Tensor, fires: Tensor) -> Tensor:
    """Colours c as c + 0.2 N; 2^(0.5 N) c; light and dark in half of them exchanged; turned about
    grey; 2^N times as far from grey. random, fires (B, 5)."""
    n, one = normal(random), torch.eye(3, device=image.device)
    grey = torch.full((3, 3), GREY * GREY, device=image.device)
    brighter = torch.where(fires[:, 0], BRIGHTNESS * n[:, 0], 0.0)
    contrast = torch.where(fires[:, 1], 2.0 ** (CONTRAST * n[:, 1]), 1.0)
    luma = torch.where(fires[:, 2] & (random[:, 2] < 0.5), 2.0, 0.0)
    hue = torch.where(fires[:, 3], (2 * random[:, 3] - 1) * math.pi, 0.0)
    far = torch.where(fires[:, 4], 2.0 ** (SATURATION * n[:, 4]), 1.0)
    a, b, c, d = (each[:, None, None] for each in (contrast, luma, hue, far))
    cross = (one.roll(1, 0) - one.roll(-1, 0)) * GREY
    about = c.cos() * one + c.sin() * cross + (1 - c.cos()) * grey  # Rodrigues
    with in_float32(image):
        change = (grey + d * (one - grey)) @ about @ (one - b * grey) * a
        moved = image.float() + brighter[:, None, None, None]
        found = torch.einsum("bij,bjhw->bihw", change, moved).to(image.dtype)
    return torch.where(fires.any(1)[:, None, None, None], found, image)


def in_float32(image: Tensor) -> AbstractContextManager[None]:
    """Products of matrices as they are, also where a step is computed in bfloat16."""
    kind = image.device.type
    return torch.autocast("cpu" if kind == "meta" else kind, enabled=False)


def turn(angle: Tensor) -> Tensor:
    """(B,) -> (B, 2, 2): x towards y."""
    c, s = angle.cos(), angle.sin()
    return torch.stack([torch.stack([c, -s], 1), torch.stack([s, c], 1)], 1)


def normal(uniform: Tensor) -> Tensor:
    """Standard normal numbers of uniform ones in [0, 1), whose steps of 2^-24 are drawn together
    by so little that none is at an end, where it would be infinite."""
    return torch.special.ndtri(uniform * (1 - 2**-22) + 2**-23)


def turned_at(p: Tensor) -> Tensor:
    """The chance of each of two turns where one of them is wanted with chance p."""
    return 1 - (1 - p).sqrt()
