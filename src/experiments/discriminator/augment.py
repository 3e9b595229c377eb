"""Differentiable augmentation: the discriminator sees real and generated pictures changed at random
in the same way, so that few pictures are not learnt by heart (Zhao et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Change = Literal["colour", "translation", "cutout"]
NUMBERS = 3  # random numbers that each change takes
SHIFT = 1 / 8  # of the side, either way
HOLE = 1 / 2  # of the side


def augmented(images: Sequence[Tensor], changes: Sequence[Change], random: Tensor) -> list[Tensor]:
    """Every stage of a picture changed alike, with gradients.

    images: one (B, 3, R, R) in [-1, 1] for each resolution; random: (B, numbers_of(changes)),
    uniform in [0, 1).
    """
    changed = list(images)
    for place, change in enumerate(changes):
        numbers = random[:, place * NUMBERS : (place + 1) * NUMBERS]
        changed = [CHANGES[change](image, numbers) for image in changed]
    return changed


def numbers_of(changes: Sequence[Change]) -> int:
    """Random numbers that each picture takes."""
    return NUMBERS * len(changes)


def colour(image: Tensor, random: Tensor) -> Tensor:
    """Brightness +- 1/2, saturation x 0 to 2, contrast x 1/2 to 3/2."""
    brightness, saturation, contrast = random.to(image.dtype).T[:, :, None, None, None]
    image = image + brightness - 0.5
    grey = image.mean(1, keepdim=True)
    image = grey + (image - grey) * saturation * 2
    mean = image.mean((1, 2, 3), keepdim=True)
    return mean + (image - mean) * (contrast + 0.5)


def translation(image: Tensor, random: Tensor) -> Tensor:
    """Moved by up to an eighth of the side, in whole pixels; grey (0) comes in."""
    side = image.shape[-1]
    room = round(side * SHIFT)
    moved = (random[:, :2] * (2 * room + 1)).floor().long()  # 0 .. 2 room, top and left
    padded = F.pad(image, (room, room, room, room))
    line = torch.arange(side, device=image.device)
    rows = (moved[:, :1] + line)[:, None, :, None]
    columns = (moved[:, 1:] + line)[:, None, None, :]
    batch = torch.arange(len(image), device=image.device)[:, None, None, None]
    channel = torch.arange(image.shape[1], device=image.device)[None, :, None, None]
    return padded[batch, channel, rows, columns]


def cutout(image: Tensor, random: Tensor) -> Tensor:
    """A square of half the side, anywhere, set to 0."""
    side = image.shape[-1]
    centre = random[:, :2] * side
    line = torch.arange(side, device=image.device) + 0.5
    near = (line - centre[:, :, None]).abs() < side * HOLE / 2  # (B, 2, side)
    hole = near[:, 0, :, None] & near[:, 1, None, :]
    return image.masked_fill(hole[:, None], 0)


CHANGES: dict[Change, Callable[[Tensor, Tensor], Tensor]] = {
    "colour": colour,
    "translation": translation,
    "cutout": cutout,
}
