"""Wav2Pix: a raw waveform to a picture, with nobody in between (Duarte et al. 2019).

The encoder of sounds learns with the generator, and from whom it hears. Dropout is the only noise,
so it stays on purpose when pictures are made; see `layer/dropout.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.record import SOUND
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.data.view.sound import Sounds, SoundView
from experiments.discriminator.identity import IdentityHead
from experiments.discriminator.wav2pix import Wav2PixDiscriminator
from experiments.encoder.wav2pix import Wav2PixEncoder
from experiments.frontend.excerpt import Excerpt
from experiments.generator.initialisation import initialise
from experiments.generator.wav2pix import Wav2PixGenerator
from experiments.loss.feature_matching import FeatureMatching
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.loss.pair import PairLoss
from experiments.system.base import Losses, Phase, Samples, Term, term
from experiments.system.classifier import known_cross_entropy
from experiments.system.judged import lead
from experiments.system.penalised import Penalised
from experiments.system.seeding import Step, noise_of, numbers_of

STD = 0.02  # of fresh weights, as released


@dataclass(frozen=True)
class Heard:
    """What both phases use: the batch, what was heard in it (B, D), and pictures of that, both with
    their graph."""

    batch: Batch
    heard: Tensor
    fake: Tensor


class Wav2Pix(Penalised):
    """Least squares over right, wrong and generated pairs, and three terms that were released
    beside them."""

    makes = MappingProxyType({(SOUND,): PICTURE})

    def __init__(
        self,
        excerpt: Excerpt,
        encoder: Wav2PixEncoder,
        generator: Wav2PixGenerator,
        discriminator: Wav2PixDiscriminator,
        identity: IdentityHead,
        adversarial: PairLoss,
        features: FeatureMatching,
        pixel_weight: float = 50.0,
        identity_weight: float = 20.0,
        stochastic: bool = True,
        noise: float = 0.0,
        gradient_penalty: GradientPenalty | None = None,
    ) -> None:
        """`excerpt`: what is given of a sound. `features`, `pixel_weight` (L1 to the real picture)
        and `identity_weight`: the generator's terms beside the adversarial one. `stochastic`:
        dropout also where pictures are sampled and scored, each row's from its own seed, so that
        another seed makes another picture; without it a sound has one picture. `noise`: how loud
        white noise is that is added to every wave, as a share of the wave's own deviation; in
        sampling it is of the row's seed as well.
        """
        super().__init__()
        assert excerpt.samples == encoder.samples, (
            f"the excerpt gives {excerpt.samples} samples and the encoder takes {encoder.samples}"
        )
        self.excerpt, self.encoder = excerpt, encoder
        self.generator, self.discriminator, self.identity = generator, discriminator, identity
        self.adversarial, self.features = adversarial, features
        self.pixel_weight, self.identity_weight = pixel_weight, identity_weight
        self.stochastic, self.noise = stochastic, noise
        self.penalise(gradient_penalty)
        # Of protocols: what a seed decides of a picture.
        drawn = "on purpose, drawn from each row's seed" if stochastic else "none"
        self.sampled_as = {"dropout in sampling": drawn}
        if noise:
            self.sampled_as["noise added"] = f"{noise:g} of a wave's deviation"
        self.resolutions = generator.resolutions

    def views(self) -> list[View]:
        return [
            SoundView(self.excerpt, mismatch="class"),
            PictureView(self.resolutions, wrong=SOUND),
        ]

    def phases(self) -> list[Phase]:
        drawers = (self.encoder, self.generator, self.identity)
        return self.with_penalty(
            [
                Phase("discriminator", (self.discriminator,), self.discriminator_loss),
                Phase("generator", drawers, self.generator_loss),
            ]
        )

    def export_modules(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "encoder": self.encoder}

    def compiled(self) -> list[nn.Module]:
        """The discriminator is called by parts."""
        return [self.encoder, self.generator]

    def initialise(self) -> None:
        for module in (self.encoder, self.generator, self.discriminator, self.identity):
            initialise(module, STD)

    def prepare(self, batch: Batch, step: Step) -> Heard:
        """One pass of the encoder and of the generator, used by both phases."""
        numbers, waves = step.numbers(), batch.of(Sounds).values
        if self.noise:
            waves = self._noisy(waves, step.normal(waves.shape[1]))
        heard = self.encoder(waves)
        return Heard(batch, heard, self.generator(heard, numbers))

    def _noisy(self, waves: Tensor, noise: Tensor) -> Tensor:
        """Waves (B, N) with normal noise (B, N) as loud as `noise` says."""
        return waves + self.noise * waves.std(1, keepdim=True) * noise

    def discriminator_loss(self, shared: Heard, step: Step, repeat: int) -> Losses:
        """Real, generated and wrong pairs; what was heard is a constant here."""
        wrong = shared.batch.of(Pictures).wrong_images
        assert wrong is not None, "wrong pictures are not given"
        with self.in_float32(step):
            ends = self.ends(shared)
            assert ends.told is not None and ends.leaf is not None
            features = self.discriminator.trunks([ends.real, ends.made, wrong])
            logits = self.discriminator.heads(features, [ends.leaf, ends.told, ends.told])
            pairs = [pair for ((pair, _),) in logits]
            terms = self.adversarial.discriminator(*pairs)
        losses = {name: Term(value, self.adversarial.weight) for name, value in terms.items()}
        losses |= lead(self.adversarial.criterion, pairs[:1], pairs[1:2])
        return losses | self.joined_losses(ends, pairs[:1], pairs[1:2], step)

    def judged_of(self, shared: Heard) -> tuple[list[Tensor], list[Tensor]]:
        return list(shared.batch.of(Pictures).images), [shared.fake]

    def told_of(self, shared: Heard) -> Tensor:
        return shared.heard.detach()

    def scores(
        self, shared: Any, inputs: list[Tensor], told: Tensor | None, step: Step, made: bool
    ) -> list[Tensor]:
        assert told is not None
        return [logit for logit, _ in self.discriminator(inputs, told)]

    def generator_loss(self, shared: Heard, step: Step, repeat: int) -> Losses:
        """Pictures that pass for real ones with their sound, look alike on average and each by
        itself, of sounds that tell who is heard."""
        (real,), fake, heard = shared.batch.of(Pictures).images, shared.fake, shared.heard
        features = self.discriminator.trunks([[fake]])
        ((logits, _),) = self.discriminator.heads(features, [heard])[0]
        against, relativistic = None, self.adversarial.criterion.relativistic
        if self.features.weight or relativistic:
            with torch.no_grad():
                seen = self.discriminator.trunks([[real]])
                if relativistic:
                    (((against, _),),) = self.discriminator.heads(seen, [heard])
        value = self.adversarial.generator(logits, against)
        losses = {"adversarial": Term(value, self.adversarial.weight)}
        if self.features.weight:
            means = (step.gather(maps.mean(0, keepdim=True)).mean(0) for (maps,) in features + seen)
            losses["features"] = Term(self.features(*means), self.features.weight)
        losses["pixels"] = term(self.pixel_weight, lambda: F.l1_loss(fake, real))
        return losses | self._identity(shared)

    def _identity(self, shared: Heard) -> Losses:
        """Whether what was heard tells the class, or each attribute; their mean has the weight."""
        logits = self.identity(shared.heard)
        told = self.identity.told(shared.batch.labels, shared.batch.attributes)
        weight = self.identity_weight / len(logits)
        return {
            f"identity/{name}": term(weight, partial(known_cross_entropy, found, told[name]))
            for name, found in logits.items()
        }

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """Pictures of sounds (B)."""
        waves = part_of(asked, Sounds).values
        numbers = numbers_of(seeds).to(waves.device) if self.stochastic else None
        if self.noise:
            waves = self._noisy(waves, noise_of(seeds, waves.shape[1]).to(waves.device))
        return Samples({PICTURE: [self.generator(self.encoder(waves), numbers)]})
