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
from experiments.discriminator.base import Discriminator, Logits
from experiments.discriminator.pipe import Pipe
from experiments.generator.base import Generator, GeneratorOutput
from experiments.loss.damsm import Altered
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.system.base import Losses, Term
from experiments.system.judged import LEAD, Judged, lead_of, whole
from experiments.system.penalised import Penalised
from experiments.system.seeding import Step
from experiments.system.text import Text

Condition = Literal["sentence", "mu"]


@dataclass(frozen=True)
class Shared:
    """What both phases use: the batch, its text, and the generator's output with its graph. found:
    where pictures are drawn again, means and log variances of their noise. others: sentences of
    batches before, and their classes. altered: captions with one wrong word each."""

    batch: Batch
    text: Text
    made: GeneratorOutput
    found: tuple[Tensor, Tensor] | None = field(default=None, kw_only=True)
    others: tuple[Tensor, Tensor] | None = field(default=None, kw_only=True)
    altered: Altered | None = field(default=None, kw_only=True)

    @property
    def fakes(self) -> list[Tensor]:
        return self.made.images


class Judging(Penalised):
    """A generator, the discriminator of its pictures, and the loss between them."""

    generator: Generator
    discriminator: Discriminator
    pipe: Pipe
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
        if not self.pipe.changes:
            return list(images)
        return self.pipe(images, step.uniform(self.pipe.numbers)[rows])  # type: ignore[no-any-return]

    @property
    def judged_as(self) -> list[str]:
        return [f"{size}px/" for size in self.discriminator.resolutions]

    def judged_of(self, shared: Shared) -> tuple[list[Tensor], list[Tensor]]:
        judged = slice(-len(self.discriminator.resolutions), None)
        return list(shared.batch.of(Pictures).images[judged]), list(shared.fakes[judged])

    def told_of(self, shared: Shared) -> Tensor:
        return self.told(shared.text.sentence)

    def scores(
        self, shared: Any, inputs: list[Tensor], told: Tensor | None, step: Step, made: bool
    ) -> list[Tensor]:
        """Both logits of each resolution, of pictures as the discriminator sees them."""
        assert told is not None
        return whole(self.discriminator(self.seen(inputs, step), told))

    def judge(self, shared: Shared, step: Step) -> Judged:
        """Logits of real pictures with their sentences, of fakes, cut from their graph, and of
        wrong pairs. A picture's features are computed once."""
        with self.in_float32(step):
            return self._judge(shared, step)

    def _judge(self, shared: Shared, step: Step) -> Judged:
        networks, text, real_ones = self.discriminator, shared.text, shared.batch.of(Pictures)
        ends = self.ends(shared)
        assert ends.told is not None and ends.leaf is not None
        pictures = [ends.real, ends.made]
        if self.wrong_images:
            assert real_ones.wrong_images is not None, "wrong pictures are not given"
            pictures.append(real_ones.wrong_images[-len(networks.resolutions) :])
        features = networks.trunks([self.seen(images, step) for images in pictures])
        told = [ends.leaf, *[ends.told] * (len(features) - 1)]
        if not self.wrong_images and text.wrong is not None:
            other = self.told(text.wrong).to(ends.told.dtype)
            features, told = [*features, features[0]], [*told, other]
        if text.paired is not None and len(features) > 2:
            features[2] = [maps[text.paired] for maps in features[2]]
            told[2] = told[2][text.paired]
        real, fake, *wrong = networks.heads(features, told)
        return Judged(real, fake, wrong[0] if wrong else None, ends)

    def beside(self, judged: Judged, step: Step) -> Losses:
        """What every method adds to the discriminator's losses: a joined penalty, and how sure it
        is of real pictures."""
        losses = lead_of(self.adversarial.criterion, judged.real, judged.fake)
        if self.pipe.adaptive:
            everywhere = step.gather(losses[LEAD].value.view(1)).mean()
            rows = (step.rows.stop - step.rows.start) * step.processes
            self.pipe.note(everywhere, rows, step.batch)
            losses["augment_probability"] = Term(self.pipe.probability.clone(), 0.0)
        said = whole(judged.real), whole(judged.fake)
        return losses | self.joined_losses(judged.ends, *said, step)

    def compared(self, shared: Shared, told: Tensor, step: Step) -> list[Logits | None]:
        """For the generator's turn, logits of the real pictures of every judged resolution with
        what fakes are judged with: constants. None where the loss does not compare with them."""
        count = len(self.discriminator.resolutions)
        if not self.adversarial.criterion.relativistic:
            return [None] * count
        real = shared.batch.of(Pictures).images[-count:]
        with torch.no_grad():
            return [*self.discriminator(self.seen(real, step), told.detach())]

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
