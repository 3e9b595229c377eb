"""GAN, GAN-CLS, GAN-INT and GAN-INT-CLS: one algorithm with two weights (Reed 2016, section 4).

The released code draws new noise for the generator's turn. Here one set of fakes serves both turns,
but for GAN-INT, whose turn draws B matching and B / 2 interpolated sentences as one batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from experiments.discriminator.base import Discriminator
from experiments.generator.base import Generator
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.matching_aware import MatchingAwareLoss, interpolation_mean
from experiments.system.base import Losses, Term
from experiments.system.judging import Shared, require_pairs
from experiments.system.seeding import Step
from experiments.system.text import Text
from experiments.system.text_to_image import TextToImage


class GANCLS(TextToImage):
    """A matching-aware discriminator, and a generator that also draws between two sentences."""

    initial_std = 0.02

    def __init__(
        self,
        encoder: nn.Module,
        generator: Generator,
        discriminator: Discriminator,
        adversarial: MatchingAwareLoss,
        interpolation_weight: float = 0.0,
        beta: float = 0.5,
        damsm: DAMSMLoss | None = None,
        **options: Any,
    ) -> None:
        """`interpolation_weight`: of pictures drawn between two sentences, which only the generator
        trains on; they are beta h_a + (1 - beta) h_b. `damsm`: the
        fixed DAMSM that reads the captions also judges the pictures, as in AttnGAN (this project's
        choice; None: as published). `options` are `TextToImage`'s.
        """
        assert 0.0 <= beta <= 1.0, "beta must lie in [0, 1]"
        assert not (interpolation_weight and adversarial.criterion.relativistic), (
            "interpolation_weight: form=relativistic compares with the real picture of a sentence, "
            "and one between two has none, so this must be 0"
        )
        assert not (interpolation_weight and damsm), (
            "damsm: it judges pictures of sentences, and those between two have none, so "
            "interpolation_weight must be 0"
        )
        super().__init__(encoder, generator, discriminator, **options)
        require_pairs(adversarial, self.mismatch)
        self.adversarial, self.damsm = adversarial, damsm
        self.remember(damsm)
        self.interpolation_weight, self.beta = interpolation_weight, beta

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real pairs, fake ones, and pairs that do not match."""
        return self.matching_aware_losses(self.adversarial, shared, step)

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Matching sentences, and sentences between them: a mean over all 1.5 B of them."""
        if self.interpolation_weight and len(shared.text.sentence) > 1:
            return self._interpolated(shared, step)
        if repeat > 0:
            shared = self.once_more(shared, step)
        told = self.told(shared.text.sentence)
        ((logits, _),) = self.discriminator(self.seen(shared.fakes, step), told)
        (real,) = self.compared(shared, told, step)
        value = self.adversarial.generator(logits, None if real is None else real[0])
        losses: Losses = {"adversarial": Term(value, self.adversarial.weight)}
        if self.damsm is not None:
            for stage in self.damsm.stages:
                losses |= self.damsm_losses(self.damsm, shared, stage, step)
        return losses

    def _interpolated(self, shared: Shared, step: Step) -> Losses:
        """Also sentences between number k and k + B/2 of the whole batch, all with new noise.

        Pair k belongs to the process that has row 2 k, so that two processes together do what one
        does.
        """
        own, everyone = shared.text.sentence, step.gather(shared.text.sentence)
        half, share = len(everyone) // 2, len(own) // 2
        place = slice(step.rank * share, (step.rank + 1) * share)
        between = self.beta * everyone[:half][place] + (1 - self.beta) * everyone[half:][place]
        rows = slice(0, 2 * share, 2)  # of the batch, whose second noise they take
        noise, epsilon = (
            torch.cat((step.normal(size), step.normal(size)[rows]))
            for size in (self.generator.noise_dim, self.generator.condition_dim)
        )
        text = Text(torch.cat((own, between)))
        made = self.draw(noise, epsilon, text)
        seen = self.seen([image[: len(own)] for image in made.images], step)
        more = self.seen([image[len(own) :] for image in made.images], step, rows)
        images = [torch.cat(pair) for pair in zip(seen, more, strict=True)]
        ((logits, _),) = self.discriminator(images, self.told(text.sentence))
        matching, interpolated = interpolation_mean(
            self.adversarial.generator(logits[: len(own)]),
            self.adversarial.generator(logits[len(own) :]),
            self.interpolation_weight,
        )
        weight = self.adversarial.weight
        return {"adversarial": Term(matching, weight), "interpolated": Term(interpolated, weight)}
