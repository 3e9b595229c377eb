"""StackGAN, either stage (Zhang 2017, sections 3.3 and 3.4): the stages differ by their networks.

The second stage's generator holds the first, frozen; its discriminator judges the last picture.
"""

from __future__ import annotations

from torch import nn

from experiments.discriminator.base import Discriminator
from experiments.generator.base import Generator
from experiments.loss.kl import KLLoss
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.seeding import Step
from experiments.system.base import Losses, Term
from experiments.system.text_to_image import Condition, Shared, TextToImage, WrongPair


class StackGAN(TextToImage):
    """Conditioning augmentation, matching-aware pairs, and the KL divergence."""

    initial_std = 0.02

    def __init__(
        self,
        encoder: nn.Module,
        generator: Generator,
        discriminator: Discriminator,
        adversarial: MatchingAwareLoss,
        kl: KLLoss,
        condition: Condition = "sentence",
        mismatch: str = "class_aware",
        wrong: WrongPair = "image",
        generator_steps: int = 1,
    ) -> None:
        """`condition`: "sentence" was released for TensorFlow, "mu" for PyTorch. The arguments but
        the losses are `TextToImage`'s.
        """
        super().__init__(
            encoder, generator, discriminator, mismatch, wrong, generator_steps, condition
        )
        self.adversarial, self.kl = adversarial, kl

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real pairs, and half each of fake ones and of pairs that do not match."""
        return self.matching_aware_losses(self.adversarial, shared)

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Pictures that pass for real ones of their sentence, and the divergence."""
        if repeat > 0:
            shared = self.make(shared.batch, shared.text, step)
        told = self.told(shared.text.sentence)
        ((logits, _),) = self.discriminator([shared.fakes[-1]], told)
        losses = {"adversarial": Term(self.adversarial.generator(logits), self.adversarial.weight)}
        return losses | self.kl_losses(self.kl, shared.made)
