"""AttnGAN's training step written as plainly as papers publish it (Xu et al. 2018, as released).

One discriminator at a time, with a pass, a backward and an optimiser of its own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.plain.base import PlainGAN, Rates, against
from benchmarks.plain.word_loss import damsm_losses, require_published
from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.discriminator.attngan import StageDiscriminator
from experiments.generator.base import GeneratorOutput
from experiments.system.attngan import AttnGAN
from experiments.system.seeding import Step


class PlainAttnGAN(PlainGAN):
    """Any number of stages."""

    def __init__(self, system: AttnGAN, rates: Rates) -> None:
        super().__init__(system, rates)
        assert (system.mismatch, system.wrong) == ("roll", "caption"), "as released"
        assert system.damsm.stages == [-1], "the last picture is judged"
        require_published(system.damsm, redraws=system.reconstruction is not None)
        self.damsm, self.kl_weight = system.damsm, system.kl.weight
        self.judges: list[StageDiscriminator] = list(system.discriminator.stages)  # type: ignore[arg-type]
        self.judge_optimisers = [
            self.adam(judge.parameters(), rates["discriminator"]) for judge in self.judges
        ]

    def step(self, batch: Batch, step: Step) -> dict[str, float]:
        captions = batch.of(Captions)
        words, sentence = self.read(captions.tokens, captions.lengths)
        assert words is not None, "the encoder gives words"
        made = self.draw(batch, step, words, sentence)
        losses = self.train_judges(batch, made, sentence)
        losses |= self.train_generator(batch, made, words, sentence)
        self.average_weights()
        return losses

    def train_judges(
        self, batch: Batch, made: GeneratorOutput, sentence: Tensor
    ) -> dict[str, float]:
        """One discriminator after the other."""
        wrong = sentence_of_the_next(sentence, batch.of(Captions).lengths)
        found = 0.0
        pairs = zip(batch.of(Pictures).images, made.images, strict=True)
        for judge, optimiser, (real, fake) in zip(
            self.judges, self.judge_optimisers, pairs, strict=True
        ):
            optimiser.zero_grad()
            loss = judge_loss(judge, real, fake.detach(), sentence, wrong)
            loss.backward()
            optimiser.step()
            found += loss.item()
        return {"discriminator": found}

    def train_generator(
        self, batch: Batch, made: GeneratorOutput, words: Tensor, sentence: Tensor
    ) -> dict[str, float]:
        """Adversarial terms of all stages, the DAMSM terms of the last, and the divergence."""
        losses = {}
        self.optimiser.zero_grad()
        total = torch.zeros((), device=sentence.device)
        for judge, fake in zip(self.judges, made.images, strict=True):
            conditional, alone = judge(fake, sentence)
            loss = against(conditional, 1.0) + against(alone, 1.0)
            losses[f"{judge.resolution}px/generator"] = loss.item()
            total = total + loss
        regions, vector = self.encoder.encode_image(made.images[-1])
        lengths = batch.of(Captions).lengths
        found = damsm_losses(words, lengths, sentence, regions, vector, batch.labels, self.damsm)
        for name, loss in found.items():
            losses[f"damsm/{name}"] = loss.item()
            total = total + self.damsm.weight * loss
        return self.update_generator(total, losses, made)


def judge_loss(
    judge: StageDiscriminator, real: Tensor, fake: Tensor, sentence: Tensor, wrong: Tensor
) -> Tensor:
    """(u_real + c_real) / 2 + (u_fake + c_fake + c_wrong) / 3, as the released code has it."""
    real_features, fake_features = judge.trunk(real), judge.trunk(fake)
    real_match = against(judge.conditional(real_features, sentence), 1.0)
    fake_match = against(judge.conditional(fake_features, sentence), 0.0)
    wrong_match = against(judge.conditional(real_features, wrong), 0.0)
    assert isinstance(judge.unconditional_head, nn.Module), "the published form has both heads"
    real_alone = against(judge.unconditional_head(real_features), 1.0)
    fake_alone = against(judge.unconditional_head(fake_features), 0.0)
    return (real_alone + real_match) / 2 + (fake_alone + fake_match + wrong_match) / 3


def sentence_of_the_next(sentence: Tensor, lengths: Tensor) -> Tensor:
    """sentence (B, D) of the next image when the batch is sorted by length, longest first."""
    order = torch.argsort(lengths, descending=True, stable=True)
    wrong = torch.empty_like(sentence)
    wrong[order] = sentence[order.roll(-1)]
    return wrong
