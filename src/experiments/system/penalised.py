"""Penalties of the slope of a discriminator, for every adversarial system alike: a part of its
loss, of the same logits, or a turn of its own (`loss/gradient_penalty.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from experiments.loss.gradient_penalty import GradientPenalty
from experiments.system.base import Losses, Phase, System, Term
from experiments.system.seeding import Step


@dataclass(frozen=True)
class Place:
    """Where a slope is taken: logits (B, ...) of what is judged, each with the inputs (B, ...) that
    it depends on; and what is told of them (B, D), None where that does not count."""

    logits: Sequence[Tensor]
    inputs: Sequence[Sequence[Tensor]]
    told: Tensor | None = None


@dataclass(frozen=True)
class Ends:
    """What a discriminator judges in its turn: real inputs and made ones, cut from their graph, and
    what it is told of them (B, D), None where that is nothing. `leaf`: the same beside real inputs,
    where the slope towards it may count."""

    real: list[Tensor]
    made: list[Tensor]
    told: Tensor | None
    leaf: Tensor | None


class Penalised(System):
    """A system whose discriminator may be held to flat slopes. A subclass says what is judged
    (`judged_of`), what of it is told (`told_of`), and what the discriminator says (`scores`)."""

    adversarial: Any  # the loss of each method, of a `criterion`
    gradient_penalty: GradientPenalty | None = None

    def judged_of(self, shared: Any) -> tuple[list[Tensor], list[Tensor]]:
        """Real inputs of the discriminator and made ones, (B, ...) each."""
        raise NotImplementedError

    def told_of(self, shared: Any) -> Tensor | None:
        """What it is told of them (B, D), a constant; None: nothing."""
        raise NotImplementedError

    def scores(
        self, shared: Any, inputs: list[Tensor], told: Tensor | None, step: Step, made: bool
    ) -> list[Tensor]:
        """What it says of inputs, real ones or `made`, (B, ...) for each of `judged_as`."""
        raise NotImplementedError

    @property
    def judged_as(self) -> list[str]:
        """What stands before the names of terms, for each of several judged inputs."""
        return [""]

    def judged_by(self, inputs: Sequence[Tensor]) -> list[Sequence[Tensor]]:
        """The inputs that each of `scores` depends on."""
        return [[one] for one in inputs]

    def penalise(self, penalty: GradientPenalty | None, told: bool = True) -> None:
        """Take a penalty. `told`: whether the discriminator is told anything."""
        assert penalty is None or told or not penalty.text, (
            "gradient_penalty.text: must be false, as this discriminator is told nothing"
        )
        self.gradient_penalty = penalty

    @property
    def joined(self) -> GradientPenalty | None:
        """The penalty that is a part of the discriminator's loss, where it is."""
        penalty = self.gradient_penalty
        return penalty if penalty is not None and penalty.weight and penalty.joined else None

    def with_penalty(self, phases: Sequence[Phase]) -> list[Phase]:
        """The phases, the first of which is the discriminator's, and behind it that of a penalty
        which is not joined."""
        first, *rest = phases
        penalty = self.gradient_penalty
        if penalty is None or not penalty.weight or penalty.joined:
            return [first, *rest]
        interval, owner = penalty.interval, first.name
        turn = Phase("penalty", first.modules, self.penalty_loss, interval=interval, shares=owner)
        return [first, replace(turn, rest=first.rest), *rest]

    def penalty_loss(self, shared: Any, step: Step, repeat: int) -> Losses:
        """The penalty, in float32: it is a gradient, and its power may be high."""
        penalty = self.gradient_penalty
        assert penalty is not None
        with torch.autocast(step.device.type, enabled=False):
            pairs = zip(*self.judged_of(shared), strict=True)
            share = step.uniform(1, 1, 1)
            found = [penalty.places(real, made, share) for real, made in pairs]
            losses: Losses = {}
            for behind in found[0]:
                inputs, told = [each[behind] for each in found], self.told_of(shared)
                text = penalty.text and not behind
                if told is not None:
                    told = told.detach().float().requires_grad_(text)
                made = bool(behind) or penalty.at == "fake"
                logits = self.scores(shared, inputs, told, step, made)
                place = Place(logits, self.judged_by(inputs), told if text else None)
                losses |= self.slopes(place, step.images, behind)
        return losses

    # Of a joined penalty.

    def in_float32(self, step: Step) -> AbstractContextManager[Any]:
        """Where powers of slopes, which leave the range of bfloat16, are a part of the loss."""
        if self.joined is None:
            return nullcontext()
        return torch.autocast(step.device.type, enabled=False)

    def ends(self, shared: Any) -> Ends:
        """What is judged; leaves of the graph where slopes are taken."""
        (real, made), told, penalty = self.judged_of(shared), self.told_of(shared), self.joined
        if penalty is None:
            return Ends(list(real), [one.detach() for one in made], told, told)
        told = leaf = None if told is None else told.detach().float()
        if penalty.text and told is not None:
            leaf = told.clone().requires_grad_()
        return Ends(leaves(real, penalty.of_real), leaves(made, penalty.of_fake), told, leaf)

    def joined_losses(
        self, ends: Ends, real: Sequence[Tensor], made: Sequence[Tensor], step: Step
    ) -> Losses:
        """The terms of a joined penalty, of logits as `scores` has them; none where none is."""
        losses, penalty = Losses(), self.joined
        if penalty is None:
            return losses
        places = {}
        if penalty.of_real:
            told = ends.leaf if penalty.text else None
            places[""] = Place(real, self.judged_by(ends.real), told)
        if penalty.of_fake:
            places["_fake" if penalty.of_real else ""] = Place(made, self.judged_by(ends.made))
        with torch.autocast(step.device.type, enabled=False):
            for behind, place in places.items():
                losses |= self.slopes(place, step.images, behind)
        return losses

    def slopes(self, place: Place, images: int, behind: str) -> Losses:
        """The penalty of all that is judged after so many `images`; `behind` the name of its
        term."""
        losses, penalty = Losses(), self.gradient_penalty
        assert penalty is not None
        for before, logits, inputs in zip(self.judged_as, place.logits, place.inputs, strict=True):
            value = penalty(logits, [*inputs, *([] if place.told is None else [place.told])])
            losses[f"{before}gradient{behind}"] = Term(value, penalty.weight_at(images))
        return losses


def leaves(inputs: Sequence[Tensor], wanted: bool) -> list[Tensor]:
    """The same in float32, cut from their graph; as what a slope is taken of where it is wanted."""
    cut = [one.detach().float() for one in inputs]
    return [one.clone().requires_grad_() for one in cut] if wanted else cut


def by_row(levels: Sequence[Tensor]) -> Tensor:
    """What several judges say of the same rows, (B,) or (B, N) each, as one sum (B,); of several
    logits of one judge the mean, as losses take them."""
    return torch.stack([one.flatten(1).mean(1) if one.dim() > 1 else one for one in levels]).sum(0)
