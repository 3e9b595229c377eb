"""AttnGAN with any number of stages (Xu et al. 2018; losses as the released code has them)."""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.encoder.damsm import DAMSM
from experiments.errors import UserError
from experiments.generator.attngan import AttnGANGenerator
from experiments.generator.base import GeneratorOutput
from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.kl import KLLoss
from experiments.seeding import Step
from experiments.system.base import Losses, Term
from experiments.system.text_to_image import Shared, Text, TextToImage


class AttnGAN(TextToImage):
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
        super().__init__(encoder, generator, discriminator, mismatch, "caption", generator_steps)
        self.adversarial, self.kl, self.damsm = adversarial, kl, damsm

    def draw(
        self, noise: Tensor, epsilon: Tensor, text: Text, attention: bool = False
    ) -> GeneratorOutput:
        if text.words is None or text.mask is None:
            raise UserError("encoder: AttnGAN attends to words, and this one gives sentences only")
        return self.generator(  # type: ignore[no-any-return]
            noise, epsilon, text.sentence, text.words, text.mask, return_attention=attention
        )

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real, fake and wrong pairs at every stage, as the released code weighs them."""
        real, fake, wrong = self.judge(shared)
        losses: Losses = {}
        for stage, size in enumerate(self.resolutions):
            pairs = None if wrong is None else wrong[stage][0]
            terms = self.adversarial.discriminator(real[stage], fake[stage], pairs)
            for name, value in terms.items():
                losses[f"{size}px/{name}"] = Term(value, self.adversarial.weight)
        return losses

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Adversarial terms of all stages, DAMSM on the chosen ones, and the KL divergence."""
        text, batch = shared.text, shared.batch
        if repeat > 0:
            shared = self.make(batch, text, step)
        losses: Losses = {}
        logits = self.discriminator(shared.fakes, text.sentence)
        for size, fake in zip(self.resolutions, logits, strict=True):
            weight = self.adversarial.weight
            losses[f"{size}px/adversarial"] = Term(self.adversarial.generator(fake), weight)
        losses |= self.kl_losses(self.kl, shared.made)
        for stage in self.damsm.stages:
            losses |= self._damsm_loss(shared, stage, step)
        return losses

    def _damsm_loss(self, shared: Shared, stage: int, step: Step) -> Losses:
        text, weight = shared.text, self.damsm.weight
        assert text.words is not None and text.mask is not None
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
