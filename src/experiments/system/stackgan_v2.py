"""StackGAN-v2: a tree of stages, judged with and without the text (Zhang 2018, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from experiments.discriminator.base import Discriminator, Logits
from experiments.generator.base import Generator
from experiments.loss.colour import ColourLoss
from experiments.loss.joint import JointLoss
from experiments.loss.kl import KLLoss
from experiments.system.base import Losses, Term, term
from experiments.system.judging import Shared, as_losses, require_pairs
from experiments.system.seeding import Step
from experiments.system.text_to_image import TextToImage


class StackGANv2(TextToImage):
    """Joint conditional and unconditional losses at every stage, and colours that stay."""

    def __init__(
        self,
        encoder: nn.Module,
        generator: Generator,
        discriminator: Discriminator,
        adversarial: JointLoss,
        kl: KLLoss,
        colour: ColourLoss,
        **options: Any,
    ) -> None:
        """`options` are `TextToImage`'s; `condition` "mu" is the released one."""
        super().__init__(encoder, generator, discriminator, **options)
        require_pairs(adversarial, self.mismatch)
        self.adversarial, self.kl, self.colour = adversarial, kl, colour

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real, wrong and fake pairs of every stage, summed."""
        judged = self.judge(shared, step)
        losses = self.beside(judged, step)
        for stage, size in enumerate(self.resolutions):
            pairs = None if judged.wrong is None else judged.wrong[stage]
            terms = self.adversarial.discriminator(judged.real[stage], judged.fake[stage], pairs)
            losses |= as_losses(terms, self.adversarial.weight, shared.text, f"{size}px/")
        return losses

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Adversarial terms of all stages, colours of neighbouring ones, and the divergence.

        Gradients flow through mu here, as released.
        """
        if repeat > 0:
            shared = self.make(shared.batch, shared.text, step)
        mu = shared.made.mu
        told = mu if self.condition == "mu" and mu is not None else shared.text.sentence
        features = self.discriminator.trunks([self.seen(shared.fakes, step)])
        logits: list[Logits] = self.discriminator.heads(features, [told])[0]
        losses = self.feature_losses(features[0], shared, step)
        smaller, weight = None, self.colour.weight
        real = self.compared(shared, told, step)
        stages = zip(self.resolutions, logits, real, shared.fakes, strict=True)
        for size, fake, against, image in stages:
            value = self.adversarial.generator(fake, against)
            losses[f"{size}px/adversarial"] = Term(value, self.adversarial.weight)
            if smaller is not None:
                losses[f"{size}px/colour"] = term(weight, partial(self.colour, image, smaller))
            smaller = image
        return losses | self.kl_losses(self.kl, shared.made)

    def feature_losses(self, features: Sequence[Tensor], shared: Shared, step: Step) -> Losses:
        """What a method asks besides of the discriminators' features (B, C, 4, 4) of the fakes."""
        return {}
