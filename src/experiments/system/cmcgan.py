"""CMCGAN: pictures of sounds and sounds of pictures, by four networks in four paths (Hao et al.
2018). No code was released; docs/cmcgan.md says what the paper leaves open.

A path begins with one half of a real pair, passes what it made through the networks once more, and
is to end at one of the two: sound_picture_sound and picture_sound_picture come back to where they
began, sound_sound_picture and picture_picture_sound reconstruct it and then cross.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.data.view.sound import SOUND, Mismatch, Sounds, SoundView
from experiments.discriminator.cmcgan import JointDiscriminator
from experiments.frontend.excerpt import Excerpt
from experiments.generator.cmcgan import SIDES, CMCGANGenerator, Side
from experiments.generator.initialisation import initialise
from experiments.loss.correspondence import ConsistencyLoss, CorrespondenceLoss, Path
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.system.base import Losses, Phase, Samples, Term, term
from experiments.system.cmcgan_pairs import JudgedPairs, Made, other, shown, sides_of
from experiments.system.cross_modal import require_features
from experiments.system.seeding import Step, noise_of
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

INITIAL_STD = 0.02  # of fresh weights, as DCGAN


class CMCGAN(JudgedPairs):
    """A judge of pairs, and four networks that are to make its pairs and to be consistent."""

    makes = MappingProxyType({(SOUND,): PICTURE, (PICTURE,): SOUND})
    fixed = ("encoder",)  # where it is given

    def __init__(
        self,
        excerpt: Excerpt,
        generator: CMCGANGenerator,
        discriminator: JointDiscriminator,
        adversarial: CorrespondenceLoss,
        consistency: ConsistencyLoss,
        generator_steps: int = 1,
        path_ends: bool = False,
        mismatch: Mismatch = "class",
        encoder: Mapping[str, nn.Module] | None = None,
        gradient_penalty: GradientPenalty | None = None,
    ) -> None:
        """`excerpt`: of what sound a spectrogram is. `generator_steps`: the paper's K; every turn
        after the first draws new noise. `path_ends`: what stands at the end of the paths that count
        is judged as generated, too; else only what crosses directly. `mismatch`: which pairs are
        wrong, see `SoundView`; a judge without pairs (`discriminator.joint`) is shown none.
        `encoder`: of each side a network whose `features` stand for those that the generator would
        learn, and which never changes (this project's choice); None: the generator's own, as in the
        paper. `gradient_penalty`: at a real pair, of both halves; at made ones, of those that cross
        directly.
        """
        super().__init__()
        assert gradient_penalty is None or gradient_penalty.at != "between", (
            "gradient_penalty.at: must be real, fake or both, as a made half stands beside a real "
            "one, with no pair between"
        )
        self.penalise(gradient_penalty, told=False)
        assert generator_steps >= 1, "generator_steps must be at least 1"
        assert excerpt.shape == generator.shapes["sound"], (
            f"generator.sound: {list(generator.shapes['sound'])}; sounds are {list(excerpt.shape)}"
        )
        assert mismatch != "none" or not discriminator.joint, (
            "mismatch: must be class or pose, as the joint loss has wrong pairs"
        )
        self.excerpt, self.generator, self.discriminator = excerpt, generator, discriminator
        self.adversarial, self.consistency = adversarial, consistency
        self.generator_steps, self.path_ends = generator_steps, path_ends
        self.mismatch: Mismatch = mismatch if discriminator.joint else "none"
        self.resolutions = generator.resolutions
        self.encoder = nn.ModuleDict(encoder or {}).requires_grad_(False).eval()
        self.require_fit()

    def require_fit(self) -> None:
        """Raise `UserError` where the generator has features of its own beside those given, none at
        all, or others."""
        own = bool(self.generator.encoders)
        if own == bool(self.encoder):
            raise UserError(
                "generator.encoded: "
                + ("system.encoder gives features" if own else "nothing gives features")
                + f"; set generator.encoded={str(not own).lower()}"
            )
        for side, encoder in self.encoder.items():
            require_features(f"system.encoder.{side}", encoder, self.generator.dim, "generator.dim")
        told, gives = self.discriminator.told_dim, self.generator.dim if self.encoder else 0
        if told not in (0, gives):
            raise UserError(
                f"discriminator.told_dim={told}: system.encoder gives "
                f"{number_of(gives, 'feature')}; set "
                f"discriminator.told_dim={gives}"
            )

    def views(self) -> list[View]:
        paired = self.mismatch != "none"
        sounds = SoundView(self.excerpt, self.mismatch, wrong=paired)
        return [sounds, PictureView(self.resolutions, SOUND if paired else None)]

    def phases(self) -> list[Phase]:
        drawers, turns = (self.generator,), self.generator_steps
        return self.with_penalty(
            [
                Phase("discriminator", (self.discriminator,), self.discriminator_loss),
                Phase("generator", drawers, self.generator_loss, turns),
            ]
        )

    def export_modules(self) -> dict[str, nn.Module]:
        given = {"encoder": self.encoder} if self.encoder else {}
        return {"generator": self.generator, **given}

    def compiled(self) -> list[nn.Module]:
        """Networks by themselves: the generator is called by parts."""
        return [*self.generator.encoders.values(), *self.generator.decoders.values()]

    def initialise(self) -> None:
        initialise(self.generator, INITIAL_STD)
        initialise(self.discriminator, INITIAL_STD)

    def prepare(self, batch: Batch, step: Step, known: Made | None = None) -> Made:
        """Each half is encoded once; what crosses serves the judge and a path. `known`: of an
        earlier turn, from which features of the real halves are taken where they cannot change."""
        generator, tells = self.generator, bool(self.discriminator.told_dim)
        real: dict[Side, Tensor] = {
            "picture": batch.of(Pictures).images[-1],
            "sound": batch.of(Sounds).values,
        }

        def decode(feature: Tensor, side: Side) -> Tensor:
            return generator.decode(feature, step.normal(generator.noise_dim), side)

        if known is not None and self.encoder:
            feature = known.features
        else:
            feature = {side: self.encode(real[side], side) for side in SIDES}
        crossed = {side: decode(feature[other(side)], side) for side in SIDES}
        paths = [(path, *sides_of(path)) for path in self.consistency.paths]
        passing = {middle for _, first, middle, _ in paths if first != middle}
        back = {
            side: self.encode(crossed[side], side) for side in SIDES if tells or side in passing
        }
        ends, ended = dict[Path, Tensor](), dict[Path, Tensor]()
        for path, first, middle, last in paths:
            if first != middle:
                ends[path] = decode(back[middle], last)
            else:
                ends[path] = decode(self.encode(decode(feature[first], middle), middle), last)
            if tells and self.path_ends:
                ended[path] = self.encode(ends[path], last)
        return Made(batch, real, crossed, ends, feature, shown(back, ended) if tells else {})

    def generator_loss(self, made: Made, step: Step, repeat: int) -> Losses:
        """Generated halves should pass for what belongs to the real ones, and paths end where they
        should."""
        if repeat > 0:
            made = self.prepare(made.batch, step, made)
        judge, fakes = self.discriminator, self.fakes(made)
        if judge.joint:
            (v, *fv), (a, *fa) = (self.judged(made, side) for side in SIDES)
            found = judge([*((one, a) for one in fv), *((v, one) for one in fa)])
            fooled = found[: len(fv)], found[len(fv) :]
        else:
            fooled = (
                judge.alone(judge.pictures(fakes["picture"]), False),
                judge.alone(judge.sounds(fakes["sound"]), True),
            )
        losses = {
            name: Term(value, self.adversarial.weight)
            for name, value in self.adversarial.generator(fooled, self.compared(made)).items()
        }
        ends = self.consistency(made.ends, made.real["picture"], made.real["sound"])
        for name, value in ends.items():
            losses[name] = term(self.consistency.weight, lambda value=value: value)  # type: ignore[misc]
        return losses

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """Pictures of sounds (B), or sounds of pictures."""
        values, side = asked_of(asked)
        noise = noise_of(seeds, self.generator.noise_dim).to(values.device)
        made = self.generator.decode(self.encode(values, side), noise, other(side))
        return Samples({other(side): [made]})


def asked_of(asked: Mapping[str, Part]) -> tuple[Tensor, Side]:
    """What is asked about, and which side it is of."""
    if SOUND in asked:
        return part_of(asked, Sounds).values, "sound"
    return part_of(asked, Pictures).images[-1], "picture"
