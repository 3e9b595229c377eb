"""What every method has that draws pictures of captions: a text encoder that never changes, a
generator, and a discriminator that also sees pairs that do not belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.discriminator.base import Discriminator, Logits
from experiments.generator.base import Generator, GeneratorOutput
from experiments.generator.initialisation import initialise
from experiments.loss.kl import KLLoss, kl_sum
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.seeding import Step, noise_of
from experiments.system.base import Losses, Phase, Samples, System, Term, term, word_mask

WrongPair = Literal["caption", "image"]
Condition = Literal["sentence", "mu"]


@dataclass(frozen=True)
class Text:
    """sentence (B, D); wrong (B, D): the sentence of another image, None without wrong pairs; words
    (B, D, T) and mask (B, T), True on words, of encoders that have them."""

    sentence: Tensor
    wrong: Tensor | None = None
    words: Tensor | None = None
    mask: Tensor | None = None


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

    def __init__(
        self,
        encoder: nn.Module,
        generator: Generator,
        discriminator: Discriminator,
        mismatch: str = "roll",
        wrong: WrongPair = "caption",
        generator_steps: int = 1,
        condition: Condition = "sentence",
    ) -> None:
        """`mismatch`: how wrong pairs are chosen (`data/batches.py`), `wrong`: which side of the
        pair is replaced. `generator_steps`: turns of the generator in each step; every turn after
        the first draws new noise. `condition`: what the discriminator is told of the text, the
        sentence or mu of the generator's conditioning augmentation.
        """
        super().__init__()
        self.encoder = encoder.freeze()  # type: ignore[operator]
        self.generator, self.discriminator = generator, discriminator
        self.mismatch, self.wrong, self.generator_steps = mismatch, wrong, generator_steps
        self.wrong_images = wrong == "image" and mismatch != "none"
        self.condition = condition
        self.resolutions = generator.resolutions

    def phases(self) -> list[Phase]:
        return [
            Phase("discriminator", (self.discriminator,), self.discriminator_loss),
            Phase("generator", (self.generator,), self.generator_loss, self.generator_steps),
        ]

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        raise NotImplementedError

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        raise NotImplementedError

    def export_modules(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "encoder": self.encoder}

    def compiled(self) -> list[nn.Module]:
        """The generator alone: discriminators are called by parts, and gain nothing."""
        return [self.generator]

    def initialise(self) -> None:
        initialise(self.generator, self.initial_std)
        initialise(self.discriminator, self.initial_std)

    def frozen_text(self) -> Callable[[Tensor, Tensor], tuple[Tensor | None, Tensor]]:
        return self.encoder.encode_text  # type: ignore[no-any-return]

    def prepare(self, batch: Batch, step: Step) -> Shared:
        """Text features and one generator pass, used by both phases."""
        assert batch.sentence is not None, "captions are not encoded"
        none = self.mismatch == "none" or batch.wrong_sentence is None
        words = None if batch.words is None else batch.words.float()
        text = Text(
            batch.sentence.float(),
            None if none else batch.wrong_sentence.float(),  # type: ignore[union-attr]
            words,
            None if words is None else word_mask(batch.lengths, words.shape[2]),
        )
        return self.make(batch, text, step)

    def make(self, batch: Batch, text: Text, step: Step) -> Shared:
        """Pictures of the text from the step's noise."""
        noise = step.normal(self.generator.noise_dim)
        epsilon = step.normal(self.generator.condition_dim)
        return Shared(batch, text, self.draw(noise, epsilon, text))

    def draw(
        self, noise: Tensor, epsilon: Tensor, text: Text, attention: bool = False
    ) -> GeneratorOutput:
        """The generator's pictures; one that attends to words asks for them here."""
        return self.generator(noise, epsilon, text.sentence)  # type: ignore[no-any-return]

    def told(self, sentence: Tensor) -> Tensor:
        """What the discriminator is told of sentences (B, D): a constant, as its turn needs it."""
        if self.condition == "sentence":
            return sentence
        with torch.no_grad():
            return self.generator.augmentation.moments(sentence)[0]

    def judge(self, shared: Shared) -> tuple[list[Logits], list[Logits], list[Logits] | None]:
        """Logits of real pictures with their sentences, of fakes, cut from their graph, and of
        wrong pairs, None where there are none. A picture's features are computed once."""
        networks, text, batch = self.discriminator, shared.text, shared.batch
        assert batch.images is not None, "the loop has not made the pictures"
        judged = slice(-len(networks.resolutions), None)
        told = self.told(text.sentence)
        features = networks.trunk(batch.images[judged])
        real = networks.heads(features, told)
        fake = networks([image.detach() for image in shared.fakes[judged]], told)
        if self.wrong_images:
            assert batch.wrong_images is not None, "the loop has not made the wrong pictures"
            return real, fake, networks(batch.wrong_images[judged], told)
        if text.wrong is None:
            return real, fake, None
        wrong = networks.conditional(features, self.told(text.wrong))
        return real, fake, [(logits, alone) for logits, (_, alone) in zip(wrong, real, strict=True)]

    def matching_aware_losses(self, adversarial: MatchingAwareLoss, shared: Shared) -> Losses:
        """The discriminator's losses of a method with one judged picture."""
        ((real, _),), ((fake, _),), wrong = self.judge(shared)
        terms = adversarial.discriminator(real, fake, None if wrong is None else wrong[0][0])
        return {name: Term(value, adversarial.weight) for name, value in terms.items()}

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
        self, tokens: Tensor, lengths: Tensor, seeds: list[int], attention: bool = False
    ) -> Samples:
        """Pictures for tokens (B, T) with lengths (B,); each depends on its own seed alone."""
        words, sentence = self.encoder.encode_text(tokens, lengths)
        mask = None if words is None else word_mask(lengths.to(tokens.device), tokens.shape[1])
        dims = self.generator.noise_dim, self.generator.condition_dim
        noise, epsilon = noise_of(seeds, sum(dims)).to(tokens.device).split(dims, dim=1)
        made = self.draw(noise, epsilon, Text(sentence, None, words, mask), attention)
        return Samples(made.images, list(made.attention))
