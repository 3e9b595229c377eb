"""What every method has that draws pictures of captions: an encoder of them that never changes, a
generator, and a discriminator that also sees pairs that do not belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.altered import require_words
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.caption import Captions
from experiments.data.view.condition import condition_of, view_for
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.data.view.stranger import Mismatch
from experiments.discriminator.augment import Change, moved
from experiments.discriminator.base import Discriminator
from experiments.discriminator.pipe import Pipe, Probability
from experiments.encoder.noise import NoiseEncoder
from experiments.generator.base import Generator, GeneratorOutput
from experiments.generator.initialisation import initialise
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.loss.kl import KLLoss, kl_sum
from experiments.loss.reconstruction import ReconstructionLoss
from experiments.system.altered import altered_of, gathered, with_altered
from experiments.system.base import (
    Losses,
    Phase,
    Samples,
    Term,
    reading,
    term,
)
from experiments.system.judging import Condition, Shared
from experiments.system.negative import Negatives
from experiments.system.redrawing import Redrawing
from experiments.system.seeding import Step, noise_of
from experiments.system.text import Text, encoded, text_of, with_pairs
from experiments.system.truncation import truncated
from experiments.terminal.error import UserError

WrongPair = Literal["caption", "image"]


class TextToImage(Redrawing):
    """The base of these methods: they differ by their losses."""

    encoder: Any  # encode_text, freeze
    initial_std: float | None = None  # of fresh weights; None: orthogonal ones
    truncates = True
    by_length = False  # whether the released code sorts a batch by the length of captions
    other_images = False  # whether a second picture of each one's class is asked for
    negatives: Negatives | None  # sentences of batches before, for DAMSM
    altered: int  # captions with one wrong word that are made of each

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
        augment_probability: Probability = 1.0,
        augment_target: float = 0.6,
        augment_images: int = 500_000,
        train_encoder: bool = False,
        reconstruction: ReconstructionLoss | None = None,
        noise_encoder: NoiseEncoder | None = None,
        discriminator_start: int = 0,
        discriminator_ramp: int = 0,
    ) -> None:
        """`mismatch`: how wrong pairs are chosen (`CaptionView`), `wrong`: which side of the pair
        is replaced. `generator_steps`: turns of the generator in each step; every turn after the
        first draws new noise. `condition`: what the discriminator is told of the text, the
        sentence or mu of the generator's conditioning augmentation. `captions`: of a picture, whose
        sentences are averaged in training. `augment`: changes at random of all that the
        discriminator sees; colours that change spoil what captions say of them, and so does `flip`
        where they tell left from right. `augment_probability`, `augment_target` and
        `augment_images`: how often, see `Pipe`. `train_encoder`: the text
        encoder trains with the generator, so that no features of captions are stored; its picture
        side stays as it is. `reconstruction`: some pictures are drawn again from noise that the
        `noise_encoder` finds in them, which trains with the generator. `discriminator_start`: so
        many images are seen before the discriminator takes part, and losses that begin with it
        grow to their weight in `discriminator_ramp` images: Adam would take their first gradients,
        large beside those before, for enormous steps.
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
        self.penalise(gradient_penalty)
        self.negatives, self.altered = None, int(mismatch == "altered")
        self.pipe = Pipe(augment, augment_probability, augment_target, augment_images)
        self.redraw(reconstruction, noise_encoder, discriminator_start, discriminator_ramp)
        self.resolutions = generator.resolutions
        self.makes = MappingProxyType({(condition_of(encoder),): PICTURE})
        if mismatch == "altered":
            require_words(encoder, "mismatch: altered")
            assert wrong == "caption", (
                "mismatch: altered makes wrong captions, so wrong must be caption"
            )
            assert captions == 1, (
                "captions: one is altered, not a mean of several, so this must be 1"
            )
        if train_encoder:
            assert captions == 1, "captions: an encoder that trains reads one, so this must be 1"
            assert generator_steps == 1, "generator_steps: an encoder that trains reads once a step"
            assert self.wrong_images or mismatch == "none", (
                "wrong: an encoder that trains reads the right captions alone; it must be image"
            )

    def views(self) -> list[View]:
        fixed = None if self.train_encoder else self.encoder
        text = view_for(
            self.encoder, self.mismatch, fixed, self.captions, self.by_length, altered=self.altered
        )
        wrong = text.name if self.wrong_images else None
        return [text, PictureView(self.resolutions, wrong, self.other_images)]

    def phases(self) -> list[Phase]:
        readers = self.encoder.readers if self.train_encoder else []
        finders = [] if self.noise_encoder is None else [self.noise_encoder]
        drawers, turns = (self.generator, *readers, *finders), self.generator_steps
        judge, start = (self.discriminator,), self.discriminator_start
        return self.with_penalty(
            [
                Phase("discriminator", judge, self.discriminator_loss, rest=start),
                Phase("generator", drawers, self.generator_loss, turns),
            ]
        )

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
        if self.noise_encoder is not None:
            initialise(self.noise_encoder)
        read = getattr(getattr(self.encoder, "image", None), "read_weights", None)
        if read is not None and not getattr(self.encoder, "came_trained", False):
            read()  # of a frozen image network, as where the encoder is trained

    def prepare(self, batch: Batch, step: Step) -> Shared:
        """Text features and one generator pass, used by both phases."""
        captions = batch.of(Captions)
        text = self.read(captions)
        if self.mismatch == "roll_released" and step.batch > 1:
            text = with_pairs(text, captions, step.batch)
        altered = None if self.alone(step) else altered_of(self.encoder, captions)
        if self.mismatch == "altered" and altered is not None:
            text = with_altered(text, altered)
        shared = replace(self.make(batch, text, step), altered=altered)
        if self.negatives is None:
            return shared
        others = self.negatives.kept()
        self.negatives.keep(step.gather(text.sentence), step.gather(batch.labels))
        return replace(shared, others=others)

    def remember(self, damsm: DAMSMLoss | None) -> None:
        """Keep as many sentences of batches before as the loss asks for."""
        if damsm is None:
            return
        if damsm.altered:
            require_words(self.encoder, "damsm: altered")
        self.altered = max(damsm.altered, self.altered)
        if not damsm.negatives:
            return
        assert not self.train_encoder, (
            "damsm: negatives would be stale where the encoder trains, so they must be 0"
        )
        self.negatives = Negatives(damsm.negatives, self.encoder.dim)

    def read(self, captions: Captions) -> Text:
        """The text of captions, as it was stored or as an encoder that trains has it now."""
        if not self.train_encoder:
            return text_of(captions)
        return encoded(self.encoder, captions.tokens, captions.lengths)

    def make(self, batch: Batch, text: Text, step: Step) -> Shared:
        """Pictures of the text from the step's noise."""
        noise = step.normal(self.generator.noise_dim)
        epsilon = step.normal(self.generator.condition_dim)
        if self.reconstruction is None:
            return Shared(batch, text, self.draw(noise, epsilon, text))
        moved, found = self.found(batch.of(Pictures).images[-1], noise, step)
        made = drawn(self.generator, moved, epsilon, text, stages=self.stages(step))
        return Shared(batch, text, made, found=found)

    def once_more(self, shared: Shared, step: Step) -> Shared:
        """The same with pictures from other noise, of later turns of the generator."""
        made = self.make(shared.batch, shared.text, step)
        return replace(shared, made=made.made, found=made.found)

    def draw(
        self, noise: Tensor, epsilon: Tensor, text: Text, attention: bool = False
    ) -> GeneratorOutput:
        return drawn(self.generator, noise, epsilon, text, attention)

    def kl_losses(self, kl: KLLoss, made: GeneratorOutput) -> Losses:
        """The divergence of the condition, by mean and by sum; nothing where none is drawn."""
        mu, logvar = made.mu, made.logvar
        if mu is None or logvar is None:
            return {}
        return {
            "kl": term(kl.weight, lambda: kl(mu, logvar)),
            "kl_sum": term(0.0, lambda: kl_sum(mu, logvar)),
        }

    def damsm_losses(self, damsm: DAMSMLoss, shared: Shared, stage: int, step: Step) -> Losses:
        """How well the pictures of a stage fit their captions, as the fixed DAMSM of the run sees
        it. Under a weight of 0 it is logged alone."""
        text, weight = shared.text, damsm.weight
        assert text.words is not None and text.mask is not None
        with torch.set_grad_enabled(weight != 0 and torch.is_grad_enabled()):
            pictures = disturbed(shared.fakes[stage], damsm, step)
            regions, vector = self.encoder.encode_image(pictures)
            terms = damsm(
                step.gather(text.words),
                step.gather(text.mask),
                step.gather(text.sentence),
                step.gather(regions),
                step.gather(vector),
                step.gather(shared.batch.labels),
                shared.others,
                None if not damsm.altered else gathered(shared.altered, step),
            )
        size = self.resolutions[stage]
        return {f"{size}px/damsm/{name}": Term(value, weight) for name, value in terms.items()}

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """Pictures of captions (B)."""
        captions = part_of(asked, Captions)
        text = encoded(self.encoder, captions.tokens, captions.lengths)
        dims = self.generator.noise_dim, self.generator.condition_dim
        noise, epsilon = noise_of(seeds, sum(dims)).to(captions.tokens.device).split(dims, dim=1)
        made = self.draw(truncated(noise, self.truncation), epsilon, text, attention)
        return Samples({PICTURE: made.images}, list(made.attention))


def disturbed(pictures: Tensor, damsm: DAMSMLoss, step: Step) -> Tensor:
    """What DAMSM is shown of pictures (B, 3, R, R). What it sees only where each pixel is just so
    is no shape, and it teaches strokes and dots."""
    if damsm.shift:
        pictures = moved(pictures, step.uniform(2), damsm.shift, "replicate")
    if damsm.noise:
        pictures = pictures + damsm.noise * step.normal(*pictures.shape[1:])
    return pictures


def drawn(
    generator: Generator,
    noise: Tensor,
    epsilon: Tensor,
    text: Text,
    attention: bool = False,
    stages: int | None = None,
) -> GeneratorOutput:
    """The generator's pictures of a text, with its words where it attends to them; `stages`: of
    the first ones alone. Raises `UserError` where it attends and the text has no words."""
    if not generator.attends:
        return generator(noise, epsilon, text.sentence)  # type: ignore[no-any-return]
    if text.words is None or text.mask is None:
        raise UserError("encoder: the generator attends to words, this gives sentences only")
    return generator(  # type: ignore[no-any-return]
        noise, epsilon, text.sentence, text.words, text.mask, attention, stages
    )
