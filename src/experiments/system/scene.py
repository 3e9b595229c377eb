"""What VGAN and its relatives have in common: a generator of scenes, and a discriminator of clips
(Vondrick 2016; as released).

    L_D = (L(D(real), 1) + refused) / 2,    L_G = L(D(made), 1) + 0.1 mean(m) + ...

Where frames are judged as well, adversarial terms are means of both judges, as in TGANs-C.

What is refused are clips that were made, and in equal parts, where captions are told, real clips of
another caption (GAN-CLS, Reed 2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from experiments.clip.form import ClipForm
from experiments.data.batches import Batch
from experiments.data.record import CLIP
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.caption import Captions
from experiments.data.view.clip import Clips, ClipView
from experiments.data.view.condition import condition_of, view_for
from experiments.data.view.wrong_clip import Wrong
from experiments.discriminator.vgan import VGANDiscriminator
from experiments.generator.initialisation import initialise
from experiments.generator.scene import Scene, SceneGenerator
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.loss.scene import MaskLoss
from experiments.system.base import Losses, Phase, Samples, Term, reading, term
from experiments.system.judged import lead
from experiments.system.penalised import Penalised, by_row
from experiments.system.seeding import Step
from experiments.system.text import encoded, text_of
from experiments.terminal.error import UserError

STD = 0.01  # of fresh weights, as released
HALF = 0.5  # L_D is a mean of what is real and what is not


@dataclass(frozen=True)
class Shared:
    """What both phases use: real clips and wrong ones (B, C, T, H, W), the sentence (B, D) where
    one is told, and the scene, with its graph. known: what was given, and where it is so, of what
    begins with pictures or clips."""

    real: Tensor
    wrong: Tensor | None
    sentence: Tensor | None
    made: Scene
    given: Tensor | None = None
    hidden: Tensor | None = None


class SceneGAN(Penalised):
    """The base of these methods: they differ in what a scene is made of."""

    def __init__(
        self,
        generator: SceneGenerator,
        discriminator: VGANDiscriminator,
        adversarial: MatchingAwareLoss,
        form: ClipForm,
        mask: MaskLoss,
        encoder: nn.Module | None = None,
        wrong: Wrong | None = None,
        gradient_penalty: GradientPenalty | None = None,
    ) -> None:
        """`form`: of clips. `encoder`: of captions, which never changes; None: none are told.
        `wrong`: what wrong pairs are made of (`ClipView`), None: there are none."""
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.adversarial, self.form, self.mask, self.wrong = adversarial, form, mask, wrong
        self.encoder: Any = None if encoder is None else encoder.freeze()  # type: ignore[operator]
        self.told = encoder is not None
        self.penalise(gradient_penalty, self.told)
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            if (network.channels, network.frames, network.side) != form.shape[:3]:
                raise UserError(
                    f"{name}: is of {network.frames} frames of {network.side} px, and system.form "
                    f"gives {form.frames} of {form.side}; set both by data.preset.clip"
                )
            if (network.text_dim > 0) != self.told:
                told = "is told sentences" if network.text_dim else "is told no sentences"
                raise UserError(f"{name}.text_dim={network.text_dim}: {told}; encoder says another")
        assert wrong is None or self.told, "wrong: without captions no clip is wrong"

    def views(self) -> list[View]:
        return [*self._captions(), ClipView(self.form, self.wrong)]

    def _captions(self) -> list[View]:
        return [view_for(self.encoder, stored=self.encoder)] if self.told else []

    @property
    def condition(self) -> tuple[str, ...]:
        """The view of captions that it is asked through, where it is told any."""
        return (condition_of(self.encoder),) if self.told else ()

    def phases(self) -> list[Phase]:
        return self.with_penalty(
            [
                Phase("discriminator", (self.discriminator,), self.discriminator_loss),
                Phase("generator", (self.generator,), self.generator_loss),
            ]
        )

    def export_modules(self) -> dict[str, nn.Module]:
        encoder = {"encoder": self.encoder} if self.told else {}
        return {"generator": self.generator, **encoder}

    def drawing(self) -> list[str]:
        return ["generator", *(reading(self.encoder) if self.told else [])]

    def compiled(self) -> list[nn.Module]:
        """The generator, and the discriminator where nobody asks for gradients of its gradients,
        which PyTorch compiles none of."""
        penalty = self.gradient_penalty
        flat = penalty is not None and penalty.weight != 0
        return [self.generator] if flat else [self.generator, self.discriminator]

    def initialise(self) -> None:
        initialise(self.generator, STD)
        initialise(self.discriminator, STD)

    # A step.

    def prepare(self, batch: Batch, step: Step) -> Shared:
        """One pass of the generator, for both phases."""
        raise NotImplementedError

    def sentences(self, batch: Batch) -> Tensor | None:
        """Features of captions (B, D), in float32; None where none are told."""
        return text_of(batch.of(Captions)).sentence if self.told else None

    def shared(self, batch: Batch, made: Scene, **given: Tensor | None) -> Shared:
        clips = batch.of(Clips)
        return Shared(clips.values, self.wrong_of(batch), self.sentences(batch), made, **given)

    def wrong_of(self, batch: Batch) -> Tensor | None:
        """Clips of other captions (B, C, T, H, W), None without wrong pairs."""
        if self.wrong is None:
            return None
        found = batch.of(Clips).wrong_values
        assert found is not None, "wrong clips are not given"
        return found

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Real clips, made ones, and real ones of another caption; each batch has statistics of
        its own, as released."""
        losses: Losses = {}
        with self.in_float32(step):
            ends = self.ends(shared)
            judged, told = [*ends.real, *ends.made], [ends.leaf, ends.told]
            if shared.wrong is not None:
                judged, told = [*judged, shared.wrong], [*told, ends.told]
            found = self.logits(judged, told)
            for level, logits in found.items():
                for name, value in self.adversarial.discriminator(*logits).items():
                    losses[level + name] = Term(value, HALF * self.adversarial_weight)
        real, made = ([logits[place] for logits in found.values()] for place in (0, 1))
        losses |= lead(self.adversarial.criterion, real, made)
        return losses | self.joined_losses(ends, [by_row(real)], [by_row(made)], step)

    def judged_of(self, shared: Shared) -> tuple[list[Tensor], list[Tensor]]:
        return [shared.real], [shared.made.clip]

    def told_of(self, shared: Shared) -> Tensor | None:
        return shared.sentence

    def scores(
        self, shared: Any, inputs: list[Tensor], told: Tensor | None, step: Step, made: bool
    ) -> list[Tensor]:
        """Of clips, and of their frames where these are judged."""
        return [by_row([logits for (logits,) in self.logits(inputs, [told]).values()])]

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """Clips that pass for real, and a mask that shows little of the foreground."""
        losses, real = Losses(), dict[str, list[Tensor]]()
        if self.adversarial.criterion.relativistic:  # compared with real clips, constants here
            with torch.no_grad():
                real = self.logits([shared.real], [shared.sentence])
        for level, (logits,) in self.logits([shared.made.clip], [shared.sentence]).items():
            value = self.adversarial.generator(logits, *real.get(level, []))
            losses[f"{level}adversarial"] = Term(value, self.adversarial_weight)
        if (mask := shared.made.mask) is not None:
            losses["mask"] = term(self.mask.weight, lambda: self.mask(mask))
        return losses

    def logits(
        self, judged: Sequence[Tensor], sentences: Sequence[Tensor | None]
    ) -> dict[str, list[Tensor]]:
        """Of each batch of clips and its sentences by what stands before the names of losses:
        nothing for (B,) of clips, `frame/` for (B, T) of frames where these are judged."""
        judge, pairs = self.discriminator, list(zip(judged, sentences, strict=True))
        found = {"": [judge(*pair) for pair in pairs]}
        if judge.still is not None:
            found["frame/"] = [judge.of_frames(*pair) for pair in pairs]
        return found

    @property
    def adversarial_weight(self) -> float:
        """Of each judge."""
        return self.adversarial.weight / (1 if self.discriminator.still is None else 2)

    # What it makes.

    def sentences_of(self, asked: Mapping[str, Part]) -> Tensor | None:
        """The same of what is asked."""
        if not self.told:
            return None
        captions = part_of(asked, Captions)
        return encoded(self.encoder, captions.tokens, captions.lengths).sentence

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device


def made_of(scene: Scene, **given: Tensor) -> Samples:
    """The clip, and before it what it is composed of, as clips, as the release writes them:
    foreground, what the mask shows of it, mask (-1 shows the background) and background. `given`:
    by name, what stands before these."""
    found = dict(given)
    if scene.mask is not None and scene.background is not None:
        like = scene.foreground
        found |= {
            "foreground": like,
            "masked": scene.mask * like,
            "mask": (2 * scene.mask - 1).expand_as(like),
            "background": scene.background[:, :, None].expand_as(like),
        }
    found[CLIP] = scene.clip
    named = {CLIP: list(found)} if len(found) > 1 else {}
    return Samples({CLIP: list(found.values())}, named=named)
