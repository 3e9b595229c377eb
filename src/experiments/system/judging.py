"""How systems that draw pictures of captions have them judged: the discriminator's turn with all
that belongs to it, whatever the adversarial loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures
from experiments.data.view.stranger import Mismatch
from experiments.discriminator.augment import Change, augmented, numbers_of
from experiments.discriminator.base import Discriminator, Logits
from experiments.generator.base import Generator, GeneratorOutput
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.system.base import Losses, System, Term
from experiments.system.judged import Judged, Place, lead_of, leaves, slopes
from experiments.system.seeding import Step
from experiments.system.text import Text

Condition = Literal["sentence", "mu"]


@dataclass(frozen=True)
class Shared:
    """What both phases use: the batch, its text, and the generator's output with its graph. found:
    where pictures are drawn again, means and log variances of their noise."""

    batch: Batch
    text: Text
    made: GeneratorOutput
    found: tuple[Tensor, Tensor] | None = field(default=None, kw_only=True)

    @property
    def fakes(self) -> list[Tensor]:
        return self.made.images


class Judging(System):
    """A generator, the discriminator of its pictures, and the loss between them."""

    generator: Generator
    discriminator: Discriminator
    adversarial: Any  # the loss of each method, of a `criterion`
    gradient_penalty: GradientPenalty | None
    augment: list[Change]
    condition: Condition
    wrong_images: bool  # whether wrong pairs have another picture, and not another sentence

    def told(self, sentence: Tensor) -> Tensor:
        """What the discriminator is told of sentences (B, D): a constant, as its turn needs it."""
        if self.condition == "sentence":
            return sentence.detach()
        with torch.no_grad():
            return self.generator.augmentation.moments(sentence)[0]

    def seen(self, images: Sequence[Tensor], step: Step, rows: slice = slice(None)) -> list[Tensor]:
        """Pictures (B, 3, R, R) as the discriminator sees them, changed anew in each call; `rows`:
        of the batch, where they are not all."""
        if not self.augment:
            return list(images)
        return augmented(images, self.augment, step.uniform(numbers_of(self.augment))[rows])

    @property
    def joined(self) -> GradientPenalty | None:
        """The penalty that is a part of the discriminator's loss, where it is."""
        penalty = self.gradient_penalty
        return penalty if penalty is not None and penalty.weight and penalty.joined else None

    def judge(self, shared: Shared, step: Step) -> Judged:
        """Logits of real pictures with their sentences, of fakes, cut from their graph, and of
        wrong pairs. A picture's features are computed once. With a joined penalty, whose powers of
        slopes leave the range of bfloat16, all is float32."""
        if self.joined is None:
            return self._judge(shared, step)
        with torch.autocast(step.device.type, enabled=False):
            return self._judge(shared, step)

    def _judge(self, shared: Shared, step: Step) -> Judged:
        networks, text, real_ones = self.discriminator, shared.text, shared.batch.of(Pictures)
        penalty, judged = self.joined, slice(-len(self.discriminator.resolutions), None)
        pictures = [real_ones.images[judged], [image.detach() for image in shared.fakes[judged]]]
        own = self.told(text.sentence)
        if penalty is not None:
            own = own.float()
            for place, wanted in enumerate((penalty.of_real, penalty.of_fake)):
                pictures[place] = leaves(pictures[place]) if wanted else pictures[place]
        leaf = own.clone().requires_grad_() if penalty is not None and penalty.text else own
        if self.wrong_images:
            assert real_ones.wrong_images is not None, "wrong pictures are not given"
            pictures.append(real_ones.wrong_images[judged])
        features = networks.trunks([self.seen(images, step) for images in pictures])
        told = [leaf, *[own] * (len(features) - 1)]
        if not self.wrong_images and text.wrong is not None:
            features, told = [*features, features[0]], [*told, self.told(text.wrong).to(own.dtype)]
        if text.paired is not None and len(features) > 2:
            features[2] = [maps[text.paired] for maps in features[2]]
            told[2] = told[2][text.paired]
        real, fake, *wrong = networks.heads(features, told)
        places: dict[str, Place] = {}
        if penalty is not None and penalty.of_real:
            places[""] = Place(real, pictures[0], leaf if penalty.text else None)
        if penalty is not None and penalty.of_fake:
            places["_fake" if penalty.of_real else ""] = Place(fake, pictures[1])
        return Judged(real, fake, wrong[0] if wrong else None, places)

    def beside(self, judged: Judged, step: Step) -> Losses:
        """What every method adds to the discriminator's losses: a joined penalty, and how sure it
        is of real pictures."""
        losses, penalty = lead_of(self.adversarial.criterion, judged.real, judged.fake), self.joined
        if penalty is not None:
            with torch.autocast(step.device.type, enabled=False):
                for behind, place in judged.places.items():
                    sizes = self.discriminator.resolutions
                    losses |= slopes(penalty, place, sizes, step.images, behind)
        return losses

    def compared(self, shared: Shared, told: Tensor, step: Step) -> list[Logits | None]:
        """For the generator's turn, logits of the real pictures of every judged resolution with
        what fakes are judged with: constants. None where the loss does not compare with them."""
        count = len(self.discriminator.resolutions)
        if not self.adversarial.criterion.relativistic:
            return [None] * count
        real = shared.batch.of(Pictures).images[-count:]
        with torch.no_grad():
            return [*self.discriminator(self.seen(real, step), told.detach())]

    def penalty_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """The penalty of every stage, in float32: it is a gradient, and its power may be high."""
        penalty, judge = self.gradient_penalty, self.discriminator
        assert penalty is not None
        with torch.autocast(step.device.type, enabled=False):
            judged = slice(-len(judge.resolutions), None)
            real = shared.batch.of(Pictures).images[judged]
            pairs = zip(real, shared.fakes[judged], strict=True)
            share = step.uniform(1, 1, 1)
            found = [penalty.places(one, fake, share) for one, fake in pairs]
            losses: Losses = {}
            for behind in found[0]:
                images, text = [each[behind] for each in found], penalty.text and not behind
                told = self.told(shared.text.sentence).detach().requires_grad_(text)
                logits = judge(self.seen(images, step), told)
                place = Place(logits, images, told if text else None)
                losses |= slopes(penalty, place, judge.resolutions, step.images, behind)
        return losses

    def matching_aware_losses(
        self, adversarial: MatchingAwareLoss, shared: Shared, step: Step
    ) -> Losses:
        """The discriminator's losses of a method with one judged picture."""
        judged = self.judge(shared, step)
        ((real, _),), ((fake, _),), wrong = judged.real, judged.fake, judged.wrong
        terms = adversarial.discriminator(real, fake, None if wrong is None else wrong[0][0])
        return as_losses(terms, adversarial.weight, shared.text) | self.beside(judged, step)


def require_pairs(adversarial: Any, mismatch: Mismatch) -> None:
    """Raise where logits should be compared pair by pair and are not as many. What only draws has
    no loss."""
    relativistic = adversarial is not None and adversarial.criterion.relativistic
    assert not (relativistic and mismatch == "roll_released"), (
        "mismatch: form=relativistic compares each wrong pair with its right one, and "
        "roll_released has one less; take roll or class_aware"
    )


def as_losses(terms: Mapping[str, Tensor], weight: float, text: Text, before: str = "") -> Losses:
    """Terms of a discriminator by name, those of wrong pairs with their share."""
    return {
        f"{before}{name}": Term(
            value * text.share if text.share != 1 and "wrong" in name else value, weight
        )
        for name, value in terms.items()
    }
