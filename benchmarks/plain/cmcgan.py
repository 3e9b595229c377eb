"""CMCGAN as plainly as its equations stand (Hao et al. 2018); no code was released.

Every pair is judged by a pass of its own, both halves included. The judge's turn makes fakes, the
generator's makes them anew, and each of the four ways from one modality to one encodes what it is
given, however often that was encoded before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from benchmarks.plain.base import DECAY, PlainStep, Rates, against
from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures
from experiments.data.view.sound import Sounds
from experiments.generator.cmcgan import Side
from experiments.loss.correspondence import PATHS
from experiments.system.cmcgan import CMCGAN
from experiments.system.seeding import Step


class Crossed(NamedTuple):
    """The real pair, and what each half of it was made into."""

    picture: Tensor
    sound: Tensor
    fake_picture: Tensor
    fake_sound: Tensor


class PlainCMCGAN(PlainStep):
    """One turn of the judge and one of the four networks."""

    redraws = True
    watched: Mapping[str, str] = {
        "draw": "generator forward",
        "train_judge": "discriminator",
        "train_generator": "generator",
        "average_weights": "average",
    }

    def __init__(self, system: CMCGAN, rates: Rates) -> None:
        super().__init__(system)
        assert system.generator_steps == 1 and not system.path_ends and system.discriminator.joint
        assert system.consistency.paths == list(PATHS), "all four"
        self.generator, self.judge = system.generator, system.discriminator
        self.weight = system.consistency.weight
        self.optimiser = self.adam(self.generator.parameters(), rates["generator"])
        self.judge_optimiser = self.adam(self.judge.parameters(), rates["discriminator"])
        self.average = [(p.detach().clone(), p) for p in self.generator.parameters()]

    def step(self, batch: Batch, step: Step) -> dict[str, float]:
        losses = self.train_judge(batch, self.draw(batch, step))
        losses |= self.train_generator(self.draw(batch, step), step)
        self.average_weights()
        return losses

    def draw(self, batch: Batch, step: Step) -> Crossed:
        """What the real halves make of each other."""
        picture, sound = batch.of(Pictures).images[-1], batch.of(Sounds).values
        fake_picture = self.go(sound, step, "sound", "picture")
        return Crossed(picture, sound, fake_picture, self.go(picture, step, "picture", "sound"))

    def go(self, values: Tensor, step: Step, source: Side, target: Side) -> Tensor:
        """One of the four ways, with the noise that comes next."""
        noise = step.normal(self.generator.noise_dim)
        return self.generator(values, noise, source, target)  # type: ignore[no-any-return]

    def train_judge(self, batch: Batch, made: Crossed) -> dict[str, float]:
        """L_Dw + L_Df."""
        wrong_pictures, wrong_sound = batch.of(Pictures).wrong_images, batch.of(Sounds).wrong_values
        assert wrong_pictures is not None and wrong_sound is not None, "the loader makes both"
        self.judge_optimiser.zero_grad()
        real = against(self.judged(made.picture, made.sound), 1.0)
        wrong = against(self.judged(made.picture, wrong_sound), 0.0)
        wrong = wrong + against(self.judged(wrong_pictures[-1], made.sound), 0.0)
        fake = against(self.judged(made.picture, made.fake_sound.detach()), 0.0)
        fake = fake + against(self.judged(made.fake_picture.detach(), made.sound), 0.0)
        total = (real + wrong / 2) + (real + fake / 2)
        total.backward()
        self.judge_optimiser.step()
        parts = {"real": real.item(), "wrong": wrong.item(), "fake": fake.item()}
        return parts | {"discriminator": total.item()}

    def train_generator(self, made: Crossed, step: Step) -> dict[str, float]:
        """L_G, and the four paths towards the real pair."""
        picture, sound = made.picture, made.sound
        self.optimiser.zero_grad()
        fooled = against(self.judged(picture, made.fake_sound), 1.0)
        fooled = fooled + against(self.judged(made.fake_picture, sound), 1.0)
        ends = [
            (self.go(made.fake_picture, step, "picture", "sound"), sound),
            (self.go(made.fake_sound, step, "sound", "picture"), picture),
            (self.go(self.go(sound, step, "sound", "sound"), step, "sound", "picture"), picture),
            (
                self.go(self.go(picture, step, "picture", "picture"), step, "picture", "sound"),
                sound,
            ),
        ]
        distances = [(end - target).abs().mean() for end, target in ends]
        total = fooled + self.weight * sum(distances)
        total.backward()
        self.optimiser.step()
        parts = {path: distance.item() for path, distance in zip(PATHS, distances, strict=True)}
        return parts | {"adversarial": fooled.item(), "generator": total.item()}

    def judged(self, picture: Tensor, sound: Tensor) -> Tensor:
        """Logits (B,) of one pair."""
        (v,), (a,) = self.judge.pictures([picture]), self.judge.sounds([sound])
        (logits,) = self.judge([(v, a)])
        return logits  # type: ignore[no-any-return]

    def average_weights(self) -> None:
        """Every weight towards what it is now."""
        for average, parameter in self.average:
            average.mul_(DECAY).add_(parameter.detach(), alpha=1 - DECAY)
