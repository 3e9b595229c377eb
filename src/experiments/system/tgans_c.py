"""TGANs-C: clips of captions, judged whole, frame by frame and by what moves (Pan et al. 2017).

With one judge alone it is GAN-CLS made for clips, the baseline of the paper.

One set of fakes serves both turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

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
from experiments.discriminator.clip import ClipDiscriminator, Logits
from experiments.generator.clip import ClipGenerator
from experiments.generator.initialisation import initialise
from experiments.loss.clip import ClipLoss, Space
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.system.base import Losses, Phase, Samples, Term, reading
from experiments.system.judged import lead
from experiments.system.penalised import Penalised, by_row
from experiments.system.seeding import Step, noise_of
from experiments.system.text import Text, encoded, text_of
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

INITIAL_STD = 0.02  # of fresh weights, as DCGAN
Temporal = Literal["adversarial", "constraint", "none"]
WrongPair = Literal["clip", "action", "mixed", "caption", "none"]


@dataclass(frozen=True)
class Shared:
    """What both phases use: clips (B, C, T, H, W), real, of wrong pairs, and the generator's, with
    their graph; the text (B, D)."""

    real: Tensor
    wrong: Tensor | None
    made: Tensor
    text: Text


class TGANsC(Penalised):
    """A generator told a sentence, and judges that also see pairs that do not match."""

    def __init__(
        self,
        encoder: nn.Module,
        generator: ClipGenerator,
        discriminator: ClipDiscriminator,
        adversarial: ClipLoss,
        form: ClipForm,
        temporal: Temporal = "adversarial",
        space: Space = "feature",
        mismatch: WrongPair = "clip",
        train_encoder: bool = False,
        initial_std: float | None = INITIAL_STD,
        gradient_penalty: GradientPenalty | None = None,
    ) -> None:
        """`form`: of clips. `temporal`: what holds frames together, a judge of motion (TGANs-C-A),
        a constraint on the generator (TGANs-C-C), or nothing; `space`: what the constraint is on,
        the judge's features of frames, or their pixels. `mismatch`: what a wrong pair is made of,
        another clip (`ClipView`), or a caption of another class, for which features of the clip
        need not be computed again. `train_encoder`: the text encoder trains with the generator.
        `initial_std`: of initial weights; None: they are orthogonal.
        """
        super().__init__()
        assert temporal in get_args(Temporal) and space in get_args(Space), (temporal, space)
        assert mismatch in get_args(WrongPair), mismatch
        self.encoder: Any = encoder.let_read() if train_encoder else encoder.freeze()  # type: ignore[operator]
        self.generator, self.discriminator, self.adversarial = generator, discriminator, adversarial
        self.form, self.temporal, self.space = form, temporal, space
        self.mismatch, self.train_encoder = mismatch, train_encoder
        self.initial_std = initial_std
        self.penalise(gradient_penalty)
        self.makes = MappingProxyType({(condition_of(encoder),): CLIP})
        self.require_fit()

    def require_fit(self) -> None:
        """Raise `UserError` where the parts do not fit one another."""
        generator, judge, levels = self.generator, self.discriminator, self.discriminator.levels
        if generator.shape != self.form.shape:
            raise UserError(
                f"generator: makes clips {generator.shape} and system.form gives "
                f"{self.form.shape}; set data.preset.clip.frames, side and channels"
            )
        if (judge.channels, judge.frames, judge.side, judge.side) != self.form.shape:
            raise UserError("discriminator: frames, side and channels must be the generator's")
        if int(self.encoder.dim) != generator.text_dim:
            raise UserError(
                f"encoder: gives {number_of(self.encoder.dim, 'feature')} and the generator is "
                "told "
                f"{generator.text_dim}; set generator.text_dim={self.encoder.dim}"
            )
        if (self.temporal == "adversarial") != ("motion" in levels):
            raise UserError(
                f"system.temporal={self.temporal}: motion is judged where it is adversarial, and "
                f"discriminator.levels are {list(levels)}; set one of the two"
            )
        if self.temporal == "constraint" and self.space == "feature" and "frame" not in levels:
            raise UserError(
                "system.space=feature: the constraint is on features of frames, which no judge "
                "computes; add frame to discriminator.levels, or set system.space=pixel"
            )
        if self.train_encoder and self.mismatch == "caption":
            raise UserError(
                "system.mismatch=caption: an encoder that trains reads the right captions alone; "
                "set system.mismatch=clip"
            )

    def views(self) -> list[View]:
        fixed = None if self.train_encoder else self.encoder
        told = self.mismatch == "caption"
        wrong: Wrong | None = None if told or self.mismatch == "none" else self.mismatch  # type: ignore[assignment]
        text = view_for(self.encoder, "class_aware" if told else "none", fixed, by_length=False)
        return [text, ClipView(self.form, wrong)]

    def phases(self) -> list[Phase]:
        readers = self.encoder.readers if self.train_encoder else []
        return self.with_penalty(
            [
                Phase("discriminator", (self.discriminator,), self.discriminator_loss),
                Phase("generator", (self.generator, *readers), self.generator_loss),
            ]
        )

    def export_modules(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "encoder": self.encoder}

    def drawing(self) -> list[str]:
        return ["generator", *reading(self.encoder)]

    def compiled(self) -> list[nn.Module]:
        """The generator alone: discriminators are called by parts."""
        return [self.generator]

    def initialise(self) -> None:
        initialise(self.generator, self.initial_std)
        initialise(self.discriminator, self.initial_std)

    def prepare(self, batch: Batch, step: Step) -> Shared:
        """Text, and one pass of the generator, for both phases."""
        captions, clips = batch.of(Captions), batch.of(Clips)
        text = (
            encoded(self.encoder, captions.tokens, captions.lengths)
            if self.train_encoder
            else text_of(captions)
        )
        made = self.generator(step.normal(self.generator.noise_dim), text.sentence)
        return Shared(clips.values, clips.wrong_values, made, text)

    def discriminator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """L_v, L_f and L_tA: right pairs, generated clips, and pairs that do not match."""
        with self.in_float32(step):
            ends = self.ends(shared)
            assert ends.told is not None and ends.leaf is not None
            judged, sentences = [*ends.real, *ends.made], [ends.leaf, ends.told]
            if shared.wrong is not None:
                judged.append(shared.wrong)
                sentences.append(ends.told)
            seen = self.discriminator.trunks(judged)
            if self.mismatch == "caption" and shared.text.wrong is not None:
                seen.append(seen[0])
                sentences.append(shared.text.wrong.detach())
            assert self.mismatch == "none" or len(seen) == 3, "wrong pairs are not given"
            real, fake, *wrong = self.discriminator.heads(seen, sentences)
        losses: Losses = {}
        for level in self.discriminator.levels:
            terms = self.adversarial.discriminator(
                level,
                real[level],
                fake[level],
                wrong[0][level] if wrong else None,
                len(self.discriminator.levels),
            )
            for name, value in terms.items():
                losses[f"{level}/{name}"] = Term(value, self.adversarial.weight)
        levels = self.discriminator.levels
        reals, fakes = ([logits[level] for level in levels] for logits in (real, fake))
        losses |= lead(self.adversarial.criterion, reals, fakes)
        return losses | self.joined_losses(ends, [by_row(reals)], [by_row(fakes)], step)

    def judged_of(self, shared: Shared) -> tuple[list[Tensor], list[Tensor]]:
        return [shared.real], [shared.made]

    def told_of(self, shared: Shared) -> Tensor:
        return shared.text.sentence.detach()

    def scores(
        self, shared: Any, inputs: list[Tensor], told: Tensor | None, step: Step, made: bool
    ) -> list[Tensor]:
        """Of all levels."""
        (clips,) = inputs
        assert told is not None
        return [by_row(list(self.discriminator(clips, told).values()))]

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """What fools each judge, and L_tC where frames are held together by it."""
        told = shared.text.sentence.detach()
        seen = self.discriminator.trunks([shared.made])
        (logits,) = self.discriminator.heads(seen, [told])
        real: Logits = {}
        if self.adversarial.criterion.relativistic:  # compared with real clips, constants here
            with torch.no_grad():
                real = self.discriminator(shared.real, told)
        constrained = self.temporal == "constraint"
        terms, weight = len(logits) + constrained, self.adversarial.weight
        losses: Losses = {
            f"{level}/adversarial": Term(
                self.adversarial.generator(level, values, terms, real.get(level)), weight
            )
            for level, values in logits.items()
        }
        if constrained:
            values = seen[0].frames if self.space == "feature" else shared.made
            assert values is not None, "features of frames"
            losses["constraint"] = Term(self.adversarial.constraint(values, terms), weight)
        return losses

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """Clips of captions (B)."""
        captions = part_of(asked, Captions)
        text = encoded(self.encoder, captions.tokens, captions.lengths)
        return self.of_text(text, noise_of(seeds, self.noise_count).to(captions.tokens.device))

    @property
    def noise_count(self) -> int:
        return self.generator.noise_dim

    def of_text(self, text: Text, noise: Tensor) -> Samples:
        """See `OfText`."""
        return Samples({CLIP: [self.generator(noise, text.sentence)]})
