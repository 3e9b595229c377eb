"""Differentiable augmentation: the discriminator sees real and generated pictures changed at random
in the same way, so that few pictures are not learnt by heart (Zhao et al. 2020; the other changes
are StyleGAN2-ADA's, `transformed.py`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.discriminator.transformed import (
    blit,
    colour_transform,
    flip,
    geometric,
    turned_at,
)

Change = Literal["colour", "translation", "cutout", "flip", "blit", "geometric", "colour_transform"]
SHIFT = 1 / 8  # of the side, either way
HOLE = 1 / 2  # of the side


@dataclass(frozen=True)
class Kind:
    """A change `apply(image, random, fires)`: of pictures (B, 3, R, R) by `numbers` random numbers
    each, and by whether each of its parts fires, bool (B, parts); `gates`: of a chance p, the one
    of each part."""

    apply: Callable[[Tensor, Tensor, Tensor], Tensor]
    numbers: int
    gates: tuple[Callable[[Tensor], Tensor], ...]


def augmented(
    images: Sequence[Tensor],
    changes: Sequence[Change],
    random: Tensor,
    chance: Tensor | None = None,
) -> list[Tensor]:
    """Every stage of a picture changed alike, with gradients.

    images: one (B, 3, R, R) in [-1, 1] for each resolution; random: (B, `numbers_of`), uniform in
    [0, 1). chance: of each part of a change, in each picture, a scalar; None: all are changed.
    """
    changed, place, gate = list(images), 0, numbers_of(changes)
    for change in changes:
        kind = CHANGES[change]
        numbers = random[:, place : place + kind.numbers]
        fires = torch.ones(len(random), len(kind.gates), dtype=torch.bool, device=random.device)
        if chance is not None:
            chances = torch.stack([of(chance) for of in kind.gates])
            fires = random[:, gate : gate + len(kind.gates)] < chances
        changed = [kind.apply(image, numbers, fires) for image in changed]
        place, gate = place + kind.numbers, gate + len(kind.gates)
    return changed


def numbers_of(changes: Sequence[Change], sometimes: bool = False) -> int:
    """Random numbers that each picture takes; more where its changes happen `sometimes`."""
    kinds = [CHANGES[change] for change in changes]
    return sum(kind.numbers + (len(kind.gates) if sometimes else 0) for kind in kinds)


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
    return moved(image, random, round(image.shape[-1] * SHIFT))


def moved(image: Tensor, random: Tensor, most: int, edge: str = "constant") -> Tensor:
    """Images (B, C, R, R) moved by up to `most` whole pixels each way, as random (B, 2 or more), in
    [0, 1), says; what comes in is `edge`: grey (0) if "constant", the border if "replicate"."""
    side = image.shape[-1]
    begin = (random[:, :2] * (2 * most + 1)).floor().long()  # 0 .. 2 most, top and left
    padded = F.pad(image, (most, most, most, most), mode=edge)
    line = torch.arange(side, device=image.device)
    rows = (begin[:, :1] + line)[:, None, :, None]
    columns = (begin[:, 1:] + line)[:, None, None, :]
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


def where(change: Callable[[Tensor, Tensor], Tensor]) -> Kind:
    """A change of one part, which leaves pictures alone where it does not fire."""

    def apply(image: Tensor, random: Tensor, fires: Tensor) -> Tensor:
        return torch.where(fires[:, :, None, None], change(image, random), image)

    return Kind(apply, 3, (plain,))


def plain(p: Tensor) -> Tensor:
    return p


CHANGES: dict[Change, Kind] = {
    "colour": where(colour),
    "translation": where(translation),
    "cutout": where(cutout),
    "flip": Kind(flip, 1, (plain,)),
    "blit": Kind(blit, 3, (plain, plain)),
    "geometric": Kind(geometric, 6, (plain, turned_at, plain, turned_at, plain)),
    "colour_transform": Kind(colour_transform, 5, (plain,) * 5),
}
