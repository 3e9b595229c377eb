"""Wav2Pix's step as its paper and its release have it (Duarte et al. 2019): the sound is heard, and
pictures are drawn, once for each turn; the judge's gradients go on through the vector of the sound
to the encoder, where the next turn throws them away; each picture is judged by a pass of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from benchmarks.plain.base import DECAY, PlainStep, Rates
from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures
from experiments.data.view.sound import Sounds
from experiments.system.seeding import Step
from experiments.system.wav2pix import Wav2Pix

Drawn = tuple[Tensor, Tensor]  # what was heard (B, D), and pictures of it


class PlainWav2Pix(PlainStep):
    """One turn of the judge and one of encoder, generator and classifier of identities."""

    redraws = True
    watched: Mapping[str, str] = {
        "draw": "generator forward",
        "train_judge": "discriminator",
        "train_generator": "generator",
        "average_weights": "average",
    }

    def __init__(self, system: Wav2Pix, rates: Rates) -> None:
        super().__init__(system)
        assert system.identity.of == "class", "as published"
        self.encoder, self.generator = system.encoder, system.generator
        self.judge, self.identity = system.discriminator, system.identity
        self.judge.fast = False  # the default layout
        self.weights = system.features.weight, system.pixel_weight, system.identity_weight
        drawers = (self.encoder, self.generator, self.identity)
        drawn = [parameter for network in drawers for parameter in network.parameters()]
        self.optimiser = self.adam(drawn, rates["generator"])
        self.judge_optimiser = self.adam(self.judge.parameters(), rates["discriminator"])
        averaged = [*self.encoder.parameters(), *self.generator.parameters()]
        self.average = [(parameter.detach().clone(), parameter) for parameter in averaged]

    def step(self, batch: Batch, step: Step) -> dict[str, float]:
        losses = self.train_judge(batch, *self.draw(batch, step))
        losses |= self.train_generator(batch, *self.draw(batch, step))
        self.average_weights()
        return losses

    def draw(self, batch: Batch, step: Step) -> Drawn:
        """Hear, then draw."""
        heard = self.encoder(batch.of(Sounds).values)
        return heard, self.generator(heard, step.numbers())

    def judged(self, images: Tensor, heard: Tensor) -> Drawn:
        """Scores (B,) of one kind of pair, and the features of its pictures."""
        features = self.judge.trunks([[images]])
        (((scores, _),),) = self.judge.heads(features, [heard])
        return scores, features[0][0]

    def train_judge(self, batch: Batch, heard: Tensor, fake: Tensor) -> dict[str, float]:
        pictures = batch.of(Pictures)
        assert pictures.wrong_images is not None, "the loader makes them"
        self.judge_optimiser.zero_grad()
        real, _ = self.judged(pictures.images[0], heard)
        made, _ = self.judged(fake.detach(), heard)
        wrong, _ = self.judged(pictures.wrong_images[0], heard)
        terms = [(real - 0.9).square().mean(), made.square().mean(), wrong.square().mean()]
        total = terms[0] + terms[1] + terms[2]
        total.backward()
        self.judge_optimiser.step()
        named = zip(("real", "fake", "wrong"), terms, strict=True)
        return {name: term.item() for name, term in named} | {"discriminator": total.item()}

    def train_generator(self, batch: Batch, heard: Tensor, fake: Tensor) -> dict[str, float]:
        self.optimiser.zero_grad()
        real = batch.of(Pictures).images[0]
        scores, features = self.judged(fake, heard)
        _, wanted = self.judged(real, heard)
        terms = {
            "features": F.mse_loss(features.mean(0), wanted.mean(0).detach()),
            "pixels": F.l1_loss(fake, real),
            "identity": F.cross_entropy(self.identity(heard)["class"], batch.labels),
        }
        adversarial = (scores - 1).square().mean()
        weighted = zip(self.weights, terms.values(), strict=True)
        total = adversarial + sum(weight * term for weight, term in weighted)
        total.backward()
        self.optimiser.step()
        return {name: term.item() for name, term in terms.items()} | {"generator": total.item()}

    def average_weights(self) -> None:
        """Every weight towards what it is now."""
        for average, parameter in self.average:
            average.mul_(DECAY).add_(parameter.detach(), alpha=1 - DECAY)
