"""AttnGAN with any number of stages (Xu et al. 2018; losses as the released code has them)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.encoder.damsm import DAMSM
from experiments.encoder.damsm_text import DAMSMText
from experiments.generator.attngan import AttnGANGenerator
from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.kl import KLLoss
from experiments.system.base import Losses, Phase, Term
from experiments.system.judging import Shared, as_losses, require_pairs
from experiments.system.seeding import Step
from experiments.system.text_to_image import TextToImage


class AttnGAN(TextToImage):
    """A generator of N stages against N discriminators, with DAMSM as a fixed judge of matching."""

    by_length = True
    redraws = True

    def __init__(
        self,
        encoder: DAMSM | DAMSMText,
        generator: AttnGANGenerator,
        discriminator: AttnGANDiscriminator,
        adversarial: AdversarialLoss,
        kl: KLLoss,
        damsm: DAMSMLoss,
        frozen_images: int = 0,
        **options: Any,
    ) -> None:
        """`frozen_images`: until so many were seen, stages that both networks took of a trained run
        stay as they are; 0: never. `options` are `TextToImage`'s; `mismatch` "roll_released" and
        `wrong` "caption" were released.
        """
        super().__init__(encoder, generator, discriminator, **options)
        require_pairs(adversarial, self.mismatch)
        assert self.captions == 1, "captions: words are those of one caption, so this must be 1"
        self.adversarial, self.kl, self.damsm = adversarial, kl, damsm
        self.remember(damsm)
        assert frozen_images >= 0, f"frozen_images={frozen_images}: must be at least 0"
        assert frozen_images == 0 or generator.grown, (
            f"frozen_images={frozen_images}: no stage came of another run; generator=attngan_grown "
            "takes them of one"
        )
        self.frozen_images = frozen_images
        few = None if self.reconstruction is None else self.reconstruction.stages
        assert few is None or few < len(self.resolutions), (
            f"reconstruction: stages={few}: the generator has {len(self.resolutions)}; null is all"
        )
        assert few is None or frozen_images == 0, (
            "reconstruction: stages must be null where the first ones came of another run"
        )
        self.later = () if few is None else generator.above(few)

    def phases(self) -> list[Phase]:
        """Parts that wait: late stages for the discriminator, or those of another run."""
        found = []
        for phase in super().phases():
            late = self.later if self.generator in phase.modules else ()
            lower = tuple(part for one in phase.modules for part in getattr(one, "lower", ()))
            start = self.discriminator_start if late else self.frozen_images
            found.append(replace(phase, later=late or lower, start=start))
        return found

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real, fake and wrong pairs at every stage, as the released code weighs them."""
        judged = self.judge(shared, step)
        losses = self.beside(judged, step)
        for stage, size in enumerate(self.resolutions):
            pairs = None if judged.wrong is None else judged.wrong[stage][0]
            terms = self.adversarial.discriminator(judged.real[stage], judged.fake[stage], pairs)
            losses |= as_losses(terms, self.adversarial.weight, shared.text, f"{size}px/")
        return losses

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Adversarial terms of all stages, DAMSM on the chosen ones, and both divergences, each as
        far as it takes part yet."""
        text = shared.text
        if repeat > 0:
            shared = self.once_more(shared, step)
        losses, share = Losses(), self.share(step)
        if not self.early(step):
            told = self.told(text.sentence)
            logits = self.discriminator(self.seen(shared.fakes, step), told)
            real = self.compared(shared, told, step)
            for size, fake, against in zip(self.resolutions, logits, real, strict=True):
                value = self.adversarial.generator(fake, against)
                losses[f"{size}px/adversarial"] = Term(value, share * self.adversarial.weight)
        losses |= self.kl_losses(self.kl, shared.made)
        losses |= self.reconstruction_losses(shared, step)
        waits = self.reconstruction is not None and self.reconstruction.alone
        for stage in () if self.alone(step) else self.damsm.stages:
            terms = self.damsm_losses(self.damsm, shared, stage, step)
            losses |= {
                name: replace(term, weight=share * term.weight) if waits else term
                for name, term in terms.items()
            }
        return losses
