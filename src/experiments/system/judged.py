"""What a discriminator says in its turn, and what every adversarial system makes of it besides its
losses: how sure it is, and penalties of its slope that are a part of the same loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from experiments.discriminator.base import Logits
from experiments.loss.criterion import Criterion
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.system.base import Losses, Term

LEAD = "r_t"  # the term that says how sure a discriminator is (`Criterion.lead`); it trains nothing


@dataclass(frozen=True)
class Place:
    """Where a slope is taken: logits of every judged picture, and what they depend on."""

    logits: list[Logits]
    images: list[Tensor]
    told: Tensor | None = None  # None: sentences do not count


@dataclass(frozen=True)
class Judged:
    """Logits of real pictures with their sentences, of fakes, and of wrong pairs, None where there
    are none, for every judged resolution. `places`: of a joined penalty, by what stands behind the
    names of its terms."""

    real: list[Logits]
    fake: list[Logits]
    wrong: list[Logits] | None
    places: dict[str, Place] = field(default_factory=dict)


def leaves(images: Sequence[Tensor]) -> list[Tensor]:
    """The same pictures in float32, as what a slope is taken of."""
    return [image.detach().float().clone().requires_grad_() for image in images]


def slopes(
    penalty: GradientPenalty, place: Place, resolutions: Sequence[int], images: int, behind: str
) -> Losses:
    """The penalty of every resolution after so many `images`; `behind` the name of its term."""
    losses: Losses = {}
    for size, image, (paired, alone) in zip(resolutions, place.images, place.logits, strict=True):
        inputs = [image] if place.told is None else [image, place.told]
        value = penalty(paired if alone is None else paired + alone, inputs)
        losses[f"{size}px/gradient{behind}"] = Term(value, penalty.weight_at(images))
    return losses


def lead(criterion: Criterion, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Losses:
    """The mean over several logits of how sure a discriminator is of real ones."""
    signs = [criterion.lead(*pair) for pair in zip(real, fake, strict=True)]
    return {LEAD: Term(torch.stack(signs).mean(), 0.0)}


def lead_of(criterion: Criterion, real: Sequence[Logits], fake: Sequence[Logits]) -> Losses:
    """The same over all heads of all resolutions."""
    pairs = [
        (one, other)
        for judged in zip(real, fake, strict=True)
        for one, other in zip(*judged, strict=True)
        if one is not None and other is not None
    ]
    return lead(criterion, [one for one, _ in pairs], [other for _, other in pairs])
