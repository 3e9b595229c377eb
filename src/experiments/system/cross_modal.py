"""A picture of a sound, and a sound of a picture (Chen et al. 2017): GAN-CLS told the features of a
network of the other modality, which is trained before and never changes.

Of a sound A and its picture I, with phi the projected features: S_r = D(I, phi(A)),
S_f = D(G(phi(A), z), phi(A)), S_w = D(I', phi(A)) with a picture I' that does not belong to A.
D maximises log S_r + (log(1 - S_w) + log(1 - S_f)) / 2, G maximises log S_f (section 3.2). The
other direction is the same with both sides swapped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.data.view.sound import SOUND, Mismatch, Sounds, SoundView
from experiments.discriminator.base import Discriminator
from experiments.frontend.excerpt import Excerpt
from experiments.generator.base import Generator
from experiments.generator.initialisation import initialise
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.system.base import Losses, Phase, Samples, Term
from experiments.system.judged import lead
from experiments.system.penalised import Penalised
from experiments.system.seeding import Step, noise_of
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of


@dataclass(frozen=True)
class Shared:
    """What both phases use: features (B, F) of what is told, real and wrong ones of what is made
    (B, C, R, R), and the generator's, with their graph."""

    told: Tensor
    real: Tensor
    wrong: Tensor | None
    made: Tensor


class CrossModal(Penalised):
    """Both directions, which differ in what is told and what is made."""

    initial_std = 0.02
    fixed = ("encoder",)  # what is told is a fixed function

    def __init__(
        self,
        encoder: nn.Module,
        generator: Generator,
        discriminator: Discriminator,
        adversarial: MatchingAwareLoss,
        excerpt: Excerpt,
        image_size: int,
        mismatch: Mismatch = "class",
        gradient_penalty: GradientPenalty | None = None,
    ) -> None:
        """`encoder`: of what is told; its `features` (B, `feature_dim`) are. `excerpt`: of sounds.
        `image_size`: side of pictures. `mismatch`: what a wrong pair is made of, another class
        (instrument-oriented), another pose of the same class (pose-oriented), or none (variant N).
        """
        super().__init__()
        told: Any = generator.text_dim
        require_features("encoder", encoder, told, "generator.text_dim")
        self.encoder: Any = encoder.requires_grad_(False).eval()
        self.generator, self.discriminator, self.adversarial = generator, discriminator, adversarial
        self.excerpt, self.mismatch, self.paired = excerpt, mismatch, mismatch != "none"
        self.resolutions = [image_size]
        self.penalise(gradient_penalty)
        self.require_fit()

    def require_fit(self) -> None:
        """Raise `UserError` where the generator does not make what is wanted."""

    def given(self, parts: Mapping[str, Part]) -> Tensor:
        """Of the views of records what is told."""
        raise NotImplementedError

    def wanted(self, parts: Mapping[str, Part]) -> tuple[Tensor, Tensor | None]:
        """What should be made of it, and what does not belong to it, None without wrong pairs."""
        raise NotImplementedError

    def phases(self) -> list[Phase]:
        return self.with_penalty(
            [
                Phase("discriminator", (self.discriminator,), self.discriminator_loss),
                Phase("generator", (self.generator,), self.generator_loss),
            ]
        )

    def export_modules(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "encoder": self.encoder}

    def compiled(self) -> list[nn.Module]:
        """The generator alone: discriminators are called by parts."""
        return [self.generator]

    def initialise(self) -> None:
        initialise(self.generator, self.initial_std)
        initialise(self.discriminator, self.initial_std)

    def prepare(self, batch: Batch, step: Step) -> Shared:
        """Features, and one pass of the generator, for both phases."""
        told = self.features(batch.views)
        real, wrong = self.wanted(batch.views)
        return Shared(told, real, wrong, self.draw(told, step.normal(self.generator.noise_dim)))

    @torch.no_grad()
    def features(self, parts: Mapping[str, Part]) -> Tensor:
        """What is told (B, F), in float32 whatever the step is computed in."""
        values = self.given(parts)
        with torch.autocast(values.device.type, enabled=False):
            return self.encoder.features(values)  # type: ignore[no-any-return]

    def draw(self, told: Tensor, noise: Tensor) -> Tensor:
        """(B, C, R, R) in [-1, 1] of features (B, F) and noise (B, noise_dim)."""
        return self.generator(noise, noise[:, :0], told).images[-1]  # type: ignore[no-any-return]

    def judged_of(self, shared: Shared) -> tuple[list[Tensor], list[Tensor]]:
        return [shared.real], [shared.made]

    def told_of(self, shared: Shared) -> Tensor:
        return shared.told

    def scores(
        self, shared: Any, inputs: list[Tensor], told: Tensor | None, step: Step, made: bool
    ) -> list[Tensor]:
        return [logit for logit, _ in self.discriminator(inputs, told)]

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real pairs, made ones, and pairs that do not belong together."""
        with self.in_float32(step):
            ends = self.ends(shared)
            assert ends.told is not None and ends.leaf is not None
            judged, told = [ends.real, ends.made], [ends.leaf, ends.told]
            if self.paired:
                assert shared.wrong is not None, "wrong pairs are not given"
                judged, told = [*judged, [shared.wrong]], [*told, ends.told]
            found = self.discriminator.heads(self.discriminator.trunks(judged), told)
            logits = [logit for ((logit, _),) in found]
            terms = self.adversarial.discriminator(*logits)
        losses = {name: Term(value, self.adversarial.weight) for name, value in terms.items()}
        losses |= lead(self.adversarial.criterion, logits[:1], logits[1:2])
        return losses | self.joined_losses(ends, logits[:1], logits[1:2], step)

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """What passes for real; where logits are compared, those of real pairs are constants."""
        ((logits, _),) = self.discriminator([shared.made], shared.told)
        real = None
        if self.adversarial.criterion.relativistic:
            with torch.no_grad():
                ((real, _),) = self.discriminator([shared.real], shared.told)
        value = self.adversarial.generator(logits, real)
        return {"adversarial": Term(value, self.adversarial.weight)}

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """What is made of what is asked (B)."""
        told = self.features(asked)
        noise = noise_of(seeds, self.generator.noise_dim).to(told.device)
        (name,) = self.makes.values()
        return Samples({name: [self.draw(told, noise)]})


def require_features(name: str, encoder: Any, takes: int, key: str) -> None:
    """Raise `UserError` where an encoder gives others than `takes`, which `key` says."""
    gives = int(encoder.feature_dim)
    if gives != takes:
        raise UserError(
            f"{name}: gives {number_of(gives, 'feature')} and the generator takes {takes}; set "
            f"{key}={gives}"
        )


class SoundToPicture(CrossModal):
    """S2I: a picture of what is heard."""

    makes = MappingProxyType({(SOUND,): PICTURE})

    def views(self) -> list[View]:
        sounds = SoundView(self.excerpt, self.mismatch)
        return [sounds, PictureView(self.resolutions, sounds.name if self.paired else None)]

    def given(self, parts: Mapping[str, Part]) -> Tensor:
        return part_of(parts, Sounds).values

    def wanted(self, parts: Mapping[str, Part]) -> tuple[Tensor, Tensor | None]:
        pictures = part_of(parts, Pictures)
        wrong = pictures.wrong_images
        return pictures.images[-1], None if wrong is None else wrong[-1]


class PictureToSound(CrossModal):
    """I2S: the spectrum of a sound of what is seen."""

    makes = MappingProxyType({(PICTURE,): SOUND})

    def require_fit(self) -> None:
        (side,) = self.generator.resolutions
        if self.excerpt.shape != (1, side, side):
            raise UserError(
                f"system.excerpt: gives sounds {self.excerpt.shape} and the generator makes "
                f"(1, {side}, {side}); set system.excerpt.size=[{side},{side}]"
            )

    def views(self) -> list[View]:
        sounds = SoundView(self.excerpt, self.mismatch, wrong=self.paired)
        return [sounds, PictureView(self.resolutions)]

    def given(self, parts: Mapping[str, Part]) -> Tensor:
        return part_of(parts, Pictures).images[-1]

    def wanted(self, parts: Mapping[str, Part]) -> tuple[Tensor, Tensor | None]:
        sounds = part_of(parts, Sounds)
        return sounds.values, sounds.wrong_values
