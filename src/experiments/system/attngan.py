"""AttnGAN with any number of stages (Xu et al. 2018; losses as the released code has them)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.encoder.damsm import DAMSM
from experiments.generator.attngan import AttnGANGenerator
from experiments.generator.initialisation import initialise
from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.kl import KLLoss, kl_sum
from experiments.seeding import Step, noise_of
from experiments.system.base import Losses, Phase, Samples, System, Term, term, word_mask


@dataclass(frozen=True)
class Text:
    """words (B, D, T), sentence (B, D), mask (B, T) True on words, wrong (B, D): the sentence of
    another image, None where there are no wrong pairs."""

    words: Tensor
    sentence: Tensor
    mask: Tensor
    wrong: Tensor | None


@dataclass(frozen=True)
class Shared:
    """What both phases use: the batch, its text, and the fakes with their graph."""

    batch: Batch
    text: Text
    fakes: list[Tensor]
    mu: Tensor
    logvar: Tensor


class AttnGAN(System):
    """A generator of N stages against N discriminators, with DAMSM as a fixed judge of matching."""

    def __init__(
        self,
        encoder: DAMSM,
        generator: AttnGANGenerator,
        discriminator: AttnGANDiscriminator,
        adversarial: AdversarialLoss,
        kl: KLLoss,
        damsm: DAMSMLoss,
        mismatch: str = "roll",
        generator_steps: int = 1,
    ) -> None:
        """`mismatch`: where wrong captions come from (`data/batches.py`). `generator_steps`: turns
        of the generator in each step; every turn after the first draws new noise.
        """
        super().__init__()
        self.encoder = encoder.freeze()
        self.generator, self.discriminator = generator, discriminator
        self.adversarial, self.kl, self.damsm = adversarial, kl, damsm
        self.mismatch, self.generator_steps = mismatch, generator_steps
        self.resolutions = generator.resolutions

    def phases(self) -> list[Phase]:
        return [
            Phase("discriminator", (self.discriminator,), self.discriminator_loss),
            Phase("generator", (self.generator,), self.generator_loss, self.generator_steps),
        ]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "encoder": self.encoder}

    def compiled(self) -> list[nn.Module]:
        """The generator alone: discriminators are called by parts, and gain nothing."""
        return [self.generator]

    def initialise(self) -> None:
        initialise(self.generator)
        initialise(self.discriminator)

    def frozen_text(self) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
        return self.encoder.encode_text

    def prepare(self, batch: Batch, step: Step) -> Shared:
        """Text features and one generator pass, used by both phases."""
        assert batch.words is not None and batch.sentence is not None, "captions are not encoded"
        wrong = None if self.mismatch == "none" else batch.wrong_sentence
        text = Text(
            batch.words.float(),
            batch.sentence.float(),
            word_mask(batch.lengths, batch.words.shape[2]),
            None if wrong is None else wrong.float(),
        )
        return self._generate(batch, text, step)

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real, fake and wrong pairs at every stage, as the released code weighs them."""
        text, networks = shared.text, self.discriminator
        assert shared.batch.images is not None, "the loop has not made the pictures"
        features = networks.trunk(shared.batch.images)
        real = networks.heads(features, text.sentence)
        fake = networks([image.detach() for image in shared.fakes], text.sentence)
        wrong: Sequence[Tensor | None] = [None] * len(real)
        if text.wrong is not None:
            wrong = networks.conditional(features, text.wrong)
        losses: Losses = {}
        for stage, size in enumerate(self.resolutions):
            terms = self.adversarial.discriminator(real[stage], fake[stage], wrong[stage])
            for name, value in terms.items():
                losses[f"{size}px/{name}"] = Term(value, self.adversarial.weight)
        return losses

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Adversarial terms of all stages, DAMSM on the chosen ones, and the KL divergence."""
        text, batch = shared.text, shared.batch
        if repeat > 0:
            shared = self._generate(batch, text, step)
        losses: Losses = {}
        logits = self.discriminator(shared.fakes, text.sentence)
        for size, fake in zip(self.resolutions, logits, strict=True):
            weight = self.adversarial.weight
            losses[f"{size}px/adversarial"] = Term(self.adversarial.generator(fake), weight)
        losses["kl"] = term(self.kl.weight, lambda: self.kl(shared.mu, shared.logvar))
        losses["kl_sum"] = term(0.0, lambda: kl_sum(shared.mu, shared.logvar))
        for stage in self.damsm.stages:
            losses |= self._damsm_loss(shared, stage, step)
        return losses

    def _damsm_loss(self, shared: Shared, stage: int, step: Step) -> Losses:
        text, weight = shared.text, self.damsm.weight
        with torch.set_grad_enabled(weight != 0 and torch.is_grad_enabled()):
            regions, vector = self.encoder.encode_image(shared.fakes[stage])
            terms = self.damsm(
                step.gather(text.words),
                step.gather(text.mask),
                step.gather(text.sentence),
                step.gather(regions),
                step.gather(vector),
                step.gather(shared.batch.labels),
            )
        size = self.resolutions[stage]
        return {f"{size}px/damsm/{name}": Term(value, weight) for name, value in terms.items()}

    def _generate(self, batch: Batch, text: Text, step: Step) -> Shared:
        noise = step.normal(self.generator.noise_dim)
        epsilon = step.normal(self.generator.condition_dim)
        made = self.generator(noise, epsilon, text.sentence, text.words, text.mask)
        return Shared(batch, text, made.images, made.mu, made.logvar)

    @torch.no_grad()
    def sample(
        self, tokens: Tensor, lengths: Tensor, seeds: list[int], attention: bool = False
    ) -> Samples:
        """Pictures for tokens (B, T) with lengths (B,); each depends on its own seed alone."""
        words, sentence = self.encoder.encode_text(tokens, lengths)
        mask = word_mask(lengths.to(tokens.device), tokens.shape[1])
        dims = self.generator.noise_dim, self.generator.condition_dim
        noise, epsilon = noise_of(seeds, sum(dims)).to(tokens.device).split(dims, dim=1)
        made = self.generator(noise, epsilon, sentence, words, mask, return_attention=attention)
        return Samples(made.images, made.attention)
