"""What a discriminator says in its turn, and what every adversarial system makes of it besides its
losses: how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from experiments.discriminator.base import Logits
from experiments.loss.criterion import Criterion
from experiments.system.base import Losses, Term
from experiments.system.penalised import Ends

LEAD = "r_t"  # the term that says how sure a discriminator is (`Criterion.lead`); it trains nothing


@dataclass(frozen=True)
class Judged:
    """Logits of real pictures with their sentences, of fakes, and of wrong pairs, None where there
    are none, for every judged resolution. `ends`: what was judged."""

    real: list[Logits]
    fake: list[Logits]
    wrong: list[Logits] | None
    ends: Ends


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


def whole(logits: Sequence[Logits]) -> list[Tensor]:
    """What each judge says in all, with and without the condition."""
    return [paired if alone is None else paired + alone for paired, alone in logits]
