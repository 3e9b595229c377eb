"""StackGAN, either stage (Zhang 2017, sections 3.3 and 3.4): the stages differ by their networks.

The second stage's generator holds the first, frozen; its discriminator judges the last picture.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from experiments.discriminator.base import Discriminator
from experiments.generator.base import Generator
from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.kl import KLLoss
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.system.base import Losses, Term
from experiments.system.judging import Shared, as_losses, require_pairs
from experiments.system.seeding import Step
from experiments.system.text_to_image import TextToImage


class StackGAN(TextToImage):
    """Conditioning augmentation, matching-aware pairs, and the KL divergence."""

    initial_std = 0.02

    def __init__(
        self,
        encoder: nn.Module,
        generator: Generator,
        discriminator: Discriminator,
        adversarial: MatchingAwareLoss | AdversarialLoss,
        kl: KLLoss,
        **options: Any,
    ) -> None:
        """`options` are `TextToImage`'s; `condition` "sentence" was released for TensorFlow, "mu"
        for PyTorch, where `adversarial` is AttnGAN's: a discriminator may judge pictures alone,
        too.
        """
        super().__init__(encoder, generator, discriminator, **options)
        require_pairs(adversarial, self.mismatch)
        self.adversarial, self.kl = adversarial, kl

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real pairs, and half each of fake ones and of pairs that do not match."""
        if isinstance(self.adversarial, MatchingAwareLoss):
            return self.matching_aware_losses(self.adversarial, shared, step)
        judged = self.judge(shared, step)
        (real,), (fake,), wrong = judged.real, judged.fake, judged.wrong
        terms = self.adversarial.discriminator(real, fake, None if wrong is None else wrong[0][0])
        return as_losses(terms, self.adversarial.weight, shared.text) | self.beside(judged, step)

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Pictures that pass for real ones of their sentence, and the divergence."""
        if repeat > 0:
            shared = self.make(shared.batch, shared.text, step)
        told = self.told(shared.text.sentence)
        (logits,) = self.discriminator(self.seen(shared.fakes[-1:], step), told)
        (real,) = self.compared(shared, told, step)
        if isinstance(self.adversarial, MatchingAwareLoss):
            value = self.adversarial.generator(logits[0], None if real is None else real[0])
        else:
            value = self.adversarial.generator(logits, real)
        losses = {"adversarial": Term(value, self.adversarial.weight)}
        return losses | self.kl_losses(self.kl, shared.made)
