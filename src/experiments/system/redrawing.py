"""Training pictures that are drawn again, from their caption and noise that was found in them."""

from __future__ import annotations

from torch import Tensor

from experiments.data.view.picture import Pictures
from experiments.encoder.noise import NoiseEncoder, drawn_from
from experiments.loss.reconstruction import ReconstructionLoss
from experiments.system.base import Losses, Term
from experiments.system.judging import Judging, Shared
from experiments.system.seeding import Step


class Redrawing(Judging):
    """When the discriminator takes part, and what there is to learn before it does."""

    redraws = False  # whether `reconstruction` and `discriminator_start` are known
    reconstruction: ReconstructionLoss | None
    noise_encoder: NoiseEncoder | None

    def redraw(
        self,
        reconstruction: ReconstructionLoss | None,
        noise_encoder: NoiseEncoder | None,
        start: int,
        ramp: int,
    ) -> None:
        """Take what `TextToImage` is given. `start`, `ramp`: of the discriminator, in images."""
        assert self.redraws or not (reconstruction or start or ramp), (
            "reconstruction, discriminator_start, discriminator_ramp: only AttnGAN draws pictures "
            "again"
        )
        assert start >= 0, "discriminator_start must be at least 0"
        assert ramp >= 0, "discriminator_ramp must be at least 0"
        assert (reconstruction is None) == (noise_encoder is None), (
            "noise_encoder: loss.reconstruction needs it, and it serves nothing else"
        )
        early = reconstruction is not None and (reconstruction.alone or reconstruction.stages)
        assert start or not early, (
            "reconstruction: alone and stages are of the time before the discriminator takes part, "
            "so discriminator_start must be above 0"
        )
        self.reconstruction, self.noise_encoder = reconstruction, noise_encoder
        self.discriminator_start, self.discriminator_ramp = start, ramp

    def early(self, step: Step) -> bool:
        """Whether the discriminator does not take part yet."""
        return step.images < self.discriminator_start

    def alone(self, step: Step) -> bool:
        """Whether nothing but drawing again counts yet."""
        return self.reconstruction is not None and self.reconstruction.alone and self.early(step)

    def share(self, step: Step) -> float:
        """Of its weight, of a loss that begins with the discriminator."""
        since, ramp = step.images - self.discriminator_start, self.discriminator_ramp
        if since < 0 or not ramp:
            return float(since >= 0)
        return min(1.0, since / ramp)

    def stages(self, step: Step) -> int | None:
        """How many the generator draws now; None: all."""
        return self.reconstruction.stages if self.reconstruction and self.early(step) else None

    def redrawn(self, step: Step) -> slice:
        """Which pictures are drawn again: all, until the discriminator takes part."""
        assert self.reconstruction is not None
        return slice(None) if self.early(step) else self.reconstruction.rows

    def found(
        self, real: Tensor, noise: Tensor, step: Step
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Noise (B, Z), of those that are drawn again what is found in the real pictures
        (B, 3, R, R); and its means and log variances."""
        assert self.noise_encoder is not None
        rows = self.redrawn(step)
        mean, logvar = self.noise_encoder(real[rows])
        moved = noise.clone()
        moved[rows] = drawn_from(mean, logvar, noise[rows])
        return moved, (mean, logvar)

    def reconstruction_losses(self, shared: Shared, step: Step) -> Losses:
        """Pictures drawn again from noise of their own, at every stage; nothing without it."""
        loss, losses = self.reconstruction, Losses()
        if loss is None or shared.found is None:
            return losses
        real, rows = shared.batch.of(Pictures).images, self.redrawn(step)
        for stage, size in enumerate(self.generator.resolutions[: self.stages(step)]):
            value = loss.difference(shared.fakes[stage][rows], real[stage][rows])
            losses[f"{size}px/reconstruction"] = Term(value, loss.weight)
        return losses | {"noise_kl": Term(loss.divergence(*shared.found), loss.kl_weight)}
