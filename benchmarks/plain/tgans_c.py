"""TGANs-C's step as plainly as its equations stand (Pan et al. 2017); no code was released.

Each turn reads the captions and draws clips of its own noise, as the algorithm of Goodfellow et al.
2014 has it. Each pair is judged by a pass of its own, every convolution is the library's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.plain.base import DECAY, PlainStep, Rates, against
from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.clip import Clips
from experiments.system.seeding import Step
from experiments.system.tgans_c import TGANsC

Drawn = tuple[Tensor, Tensor]  # sentences (B, D), and clips of them


class PlainTGANsC(PlainStep):
    """One turn of the judges and one of the generator."""

    redraws = True
    watched: Mapping[str, str] = {
        "draw": "generator forward",
        "train_judge": "discriminator",
        "train_generator": "generator",
        "average_weights": "average",
    }

    def __init__(self, system: TGANsC, rates: Rates) -> None:
        super().__init__(system)
        assert not system.train_encoder and system.mismatch not in ("caption", "none")
        self.encoder, self.generator = system.encoder, system.generator
        self.judge, self.loss = system.discriminator, system.adversarial
        self.judge.fast = False  # the default layout
        heads: Any = self.judge.heads_of.values()
        for head in heads:
            head.fast = False  # a convolution
        self.hinge = self.loss.criterion.form == "hinge"
        self.constrained = system.temporal == "constraint"
        assert not self.constrained or system.space == "feature", "as published"
        self.optimiser = self.adam(self.generator.parameters(), rates["generator"])
        self.judge_optimiser = self.adam(self.judge.parameters(), rates["discriminator"])
        self.average = [(p.detach().clone(), p) for p in self.generator.parameters()]

    def step(self, batch: Batch, step: Step) -> dict[str, float]:
        losses = self.train_judge(batch, *self.draw(batch, step))
        losses |= self.train_generator(*self.draw(batch, step))
        self.average_weights()
        return losses

    def draw(self, batch: Batch, step: Step) -> Drawn:
        """Read, then draw."""
        captions = batch.of(Captions)
        with torch.no_grad():
            _, sentence = self.encoder.encode_text(captions.tokens, captions.lengths)
        return sentence, self.generator(step.normal(self.generator.noise_dim), sentence)

    def should(self, logits: Tensor, real: bool) -> Tensor:
        """The judge's loss."""
        if self.hinge:
            return F.relu(1 - logits if real else 1 + logits).mean()
        return against(logits, float(real))

    def train_judge(self, batch: Batch, sentence: Tensor, fake: Tensor) -> dict[str, float]:
        clips = batch.of(Clips)
        assert clips.wrong_values is not None, "the loader makes them"
        self.judge_optimiser.zero_grad()
        real = self.judge(clips.values, sentence)
        made = self.judge(fake.detach(), sentence)
        wrong = self.judge(clips.wrong_values, sentence)
        total, losses = torch.zeros(()), {}
        right, rest = (1 / 3, 1 / 3) if self.loss.reduction == "third" else (1.0, 0.5)
        for level in self.judge.levels:
            found = right * self.should(real[level], True)
            found = found + rest * self.should(made[level], False)
            found = found + rest * self.should(wrong[level], False)
            losses[level] = found.item()
            total = total + self.loss.weights[level] * found / len(self.judge.levels)
        total.backward()
        self.judge_optimiser.step()
        return losses | {"discriminator": total.item()}

    def train_generator(self, sentence: Tensor, fake: Tensor) -> dict[str, float]:
        self.optimiser.zero_grad()
        seen = self.judge.trunks([fake])
        (logits,) = self.judge.heads(seen, [sentence])
        terms = len(logits) + self.constrained
        total = torch.zeros(())
        for level, values in logits.items():
            fooled = -values.mean() if self.hinge else against(values, 1.0)
            total = total + self.loss.weights[level] * fooled / terms
        if self.constrained:
            frames = seen[0].frames
            assert frames is not None, "a judge of frames"
            moved = (frames[:, :, 1:] - frames[:, :, :-1]).square().mean()
            total = total + self.loss.weights["constraint"] * moved / terms
        total.backward()
        self.optimiser.step()
        return {"generator": total.item()}

    def average_weights(self) -> None:
        """Every weight towards what it is now."""
        with torch.no_grad():
            for average, parameter in self.average:
                average.mul_(DECAY).add_(parameter, alpha=1 - DECAY)
