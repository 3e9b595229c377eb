"""What every method has that draws pictures of captions: an encoder of them that never changes, a
generator, and a discriminator that also sees pairs that do not belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.caption import Captions
from experiments.data.view.condition import condition_of, view_for
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.data.view.stranger import Mismatch
from experiments.discriminator.augment import Change, augmented, numbers_of
from experiments.discriminator.base import Discriminator, Logits
from experiments.generator.base import Generator, GeneratorOutput
from experiments.generator.initialisation import initialise
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.loss.kl import KLLoss, kl_sum
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.system.base import (
    Losses,
    Phase,
    Samples,
    System,
    Term,
    reading,
    term,
)
from experiments.system.seeding import Step, noise_of
from experiments.system.text import Text, encoded, text_of, with_pairs
from experiments.terminal.error import UserError

WrongPair = Literal["caption", "image"]
Condition = Literal["sentence", "mu"]


@dataclass(frozen=True)
class Shared:
    """What both phases use: the batch, its text, and the generator's output with its graph."""

    batch: Batch
    text: Text
    made: GeneratorOutput

    @property
    def fakes(self) -> list[Tensor]:
        return self.made.images


class TextToImage(System):
    """The base of these methods: they differ by their losses."""

    encoder: Any  # encode_text, freeze
    generator: Generator
    discriminator: Discriminator
    initial_std: float | None = None  # of fresh weights; None: orthogonal ones
    by_length = False  # whether the released code sorts a batch by the length of captions
    other_images = False  # whether a second picture of each one's class is asked for

    def __init__(
        self,
        encoder: nn.Module,
        generator: Generator,
        discriminator: Discriminator,
        mismatch: Mismatch = "class_aware",
        wrong: WrongPair = "image",
        generator_steps: int = 1,
        condition: Condition = "sentence",
        captions: int = 1,
        gradient_penalty: GradientPenalty | None = None,
        augment: Sequence[Change] = (),
        train_encoder: bool = False,
    ) -> None:
        """`mismatch`: how wrong pairs are chosen (`CaptionView`), `wrong`: which side of the pair
        is replaced. `generator_steps`: turns of the generator in each step; every turn after the
        first draws new noise. `condition`: what the discriminator is told of the text, the
        sentence or mu of the generator's conditioning augmentation. `captions`: of a picture, whose
        sentences are averaged in training. `augment`: changes at random of all that the
        discriminator sees; colour spoils what captions say of colours. `train_encoder`: the text
        encoder trains with the generator, so that no features of captions are stored; its picture
        side stays as it is.
        """
        super().__init__()
        assert captions >= 1, "captions must be at least 1"
        assert generator_steps >= 1, "generator_steps must be at least 1"
        self.encoder = encoder.let_read() if train_encoder else encoder.freeze()  # type: ignore[operator]
        self.train_encoder = train_encoder
        self.generator, self.discriminator = generator, discriminator
        self.mismatch, self.wrong, self.generator_steps = mismatch, wrong, generator_steps
        self.wrong_images = wrong == "image" and mismatch != "none"
        self.condition, self.captions = condition, captions
        self.gradient_penalty, self.augment = gradient_penalty, list(augment)
        self.resolutions = generator.resolutions
        self.makes = MappingProxyType({(condition_of(encoder),): PICTURE})
        if train_encoder:
            assert captions == 1, "captions: an encoder that trains reads one, so this must be 1"
            assert generator_steps == 1, "generator_steps: an encoder that trains reads once a step"
            assert self.wrong_images or mismatch == "none", (
                "wrong: an encoder that trains reads the right captions alone; it must be image"
            )

    def views(self) -> list[View]:
        fixed = None if self.train_encoder else self.encoder
        text = view_for(self.encoder, self.mismatch, fixed, self.captions, self.by_length)
        wrong = text.name if self.wrong_images else None
        return [text, PictureView(self.resolutions, wrong, self.other_images)]

    def phases(self) -> list[Phase]:
        judge, penalty = (self.discriminator,), self.gradient_penalty
        found = [Phase("discriminator", judge, self.discriminator_loss)]
        if penalty is not None and penalty.weight:
            interval, owner = penalty.interval, "discriminator"
            found.append(
                Phase("penalty", judge, self.penalty_loss, interval=interval, shares=owner)
            )
        turns = self.generator_steps
        readers = self.encoder.readers if self.train_encoder else []
        drawers = (self.generator, *readers)
        return [*found, Phase("generator", drawers, self.generator_loss, turns)]

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        raise NotImplementedError

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        raise NotImplementedError

    def export_modules(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "encoder": self.encoder}

    def drawing(self) -> list[str]:
        return ["generator", *reading(self.encoder)]

    def compiled(self) -> list[nn.Module]:
        """The generator alone: discriminators are called by parts, and gain nothing."""
        return [self.generator]

    def initialise(self) -> None:
        initialise(self.generator, self.initial_std)
        initialise(self.discriminator, self.initial_std)
        read = getattr(getattr(self.encoder, "image", None), "read_weights", None)
        if read is not None and not getattr(self.encoder, "came_trained", False):
            read()  # of a frozen image network, as where the encoder is trained

    def prepare(self, batch: Batch, step: Step) -> Shared:
        """Text features and one generator pass, used by both phases."""
        captions = batch.of(Captions)
        text = self.read(captions)
        if self.mismatch == "roll_released" and step.batch > 1:
            text = with_pairs(text, captions, step.batch)
        return self.make(batch, text, step)

    def read(self, captions: Captions) -> Text:
        """The text of captions, as it was stored or as an encoder that trains has it now."""
        if not self.train_encoder:
            return text_of(captions)
        return encoded(self.encoder, captions.tokens, captions.lengths)

    def make(self, batch: Batch, text: Text, step: Step) -> Shared:
        """Pictures of the text from the step's noise."""
        noise = step.normal(self.generator.noise_dim)
        epsilon = step.normal(self.generator.condition_dim)
        return Shared(batch, text, self.draw(noise, epsilon, text))

    def draw(
        self, noise: Tensor, epsilon: Tensor, text: Text, attention: bool = False
    ) -> GeneratorOutput:
        return drawn(self.generator, noise, epsilon, text, attention)

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

    def judge(
        self, shared: Shared, step: Step
    ) -> tuple[list[Logits], list[Logits], list[Logits] | None]:
        """Logits of real pictures with their sentences, of fakes, cut from their graph, and of
        wrong pairs, None where there are none. A picture's features are computed once."""
        networks, text, real_ones = self.discriminator, shared.text, shared.batch.of(Pictures)
        judged = slice(-len(networks.resolutions), None)
        pictures = [real_ones.images[judged], [image.detach() for image in shared.fakes[judged]]]
        if self.wrong_images:
            assert real_ones.wrong_images is not None, "wrong pictures are not given"
            pictures.append(real_ones.wrong_images[judged])
        features = networks.trunks([self.seen(images, step) for images in pictures])
        told = [self.told(text.sentence)] * len(features)
        if not self.wrong_images and text.wrong is not None:
            features, told = [*features, features[0]], [*told, self.told(text.wrong)]
        if text.paired is not None and len(features) > 2:
            features[2] = [maps[text.paired] for maps in features[2]]
            told[2] = told[2][text.paired]
        real, fake, *wrong = networks.heads(features, told)
        return real, fake, wrong[0] if wrong else None

    def penalty_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """The penalty of every stage, in float32: it is a gradient, and its power may be high."""
        penalty, judge = self.gradient_penalty, self.discriminator
        assert penalty is not None
        with torch.autocast(step.device.type, enabled=False):
            judged = slice(-len(judge.resolutions), None)
            real = shared.batch.of(Pictures).images[judged]
            pairs = zip(real, shared.fakes[judged], strict=True)
            share = step.uniform(1, 1, 1)
            images = [penalty.place(one, fake, share) for one, fake in pairs]
            told = self.told(shared.text.sentence).detach().requires_grad_(penalty.text)
            losses: Losses = {}
            logits = judge(self.seen(images, step), told)
            for size, image, (paired, alone) in zip(judge.resolutions, images, logits, strict=True):
                inputs = [image, told] if penalty.text else [image]
                value = penalty(paired if alone is None else paired + alone, inputs)
                weight = penalty.weight * penalty.interval
                losses[f"{size}px/gradient"] = Term(value, weight)
        return losses

    def matching_aware_losses(
        self, adversarial: MatchingAwareLoss, shared: Shared, step: Step
    ) -> Losses:
        """The discriminator's losses of a method with one judged picture."""
        ((real, _),), ((fake, _),), wrong = self.judge(shared, step)
        terms = adversarial.discriminator(real, fake, None if wrong is None else wrong[0][0])
        return as_losses(terms, adversarial.weight, shared.text)

    def kl_losses(self, kl: KLLoss, made: GeneratorOutput) -> Losses:
        """The divergence of the condition, by mean and by sum; nothing where none is drawn."""
        mu, logvar = made.mu, made.logvar
        if mu is None or logvar is None:
            return {}
        return {
            "kl": term(kl.weight, lambda: kl(mu, logvar)),
            "kl_sum": term(0.0, lambda: kl_sum(mu, logvar)),
        }

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """Pictures of captions (B)."""
        captions = part_of(asked, Captions)
        text = encoded(self.encoder, captions.tokens, captions.lengths)
        dims = self.generator.noise_dim, self.generator.condition_dim
        noise, epsilon = noise_of(seeds, sum(dims)).to(captions.tokens.device).split(dims, dim=1)
        made = self.draw(noise, epsilon, text, attention)
        return Samples({PICTURE: made.images}, list(made.attention))


def as_losses(terms: Mapping[str, Tensor], weight: float, text: Text, before: str = "") -> Losses:
    """Terms of a discriminator by name, those of wrong pairs with their share."""
    return {
        f"{before}{name}": Term(
            value * text.share if text.share != 1 and "wrong" in name else value, weight
        )
        for name, value in terms.items()
    }


def drawn(
    generator: Generator, noise: Tensor, epsilon: Tensor, text: Text, attention: bool = False
) -> GeneratorOutput:
    """The generator's pictures of a text, with its words where it attends to them. Raises
    `UserError` where it does and the text has none."""
    if not generator.attends:
        return generator(noise, epsilon, text.sentence)  # type: ignore[no-any-return]
    if text.words is None or text.mask is None:
        raise UserError("encoder: the generator attends to words, this gives sentences only")
    return generator(  # type: ignore[no-any-return]
        noise, epsilon, text.sentence, text.words, text.mask, return_attention=attention
    )
