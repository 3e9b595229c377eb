"""GAN-CLS and both stages of StackGAN as plainly as they were released.

The discriminator sees right, fake and wrong pairs one after the other. GAN-CLS draws anew for the
generator's turn (Reed 2016, as released); StackGAN's port to PyTorch keeps what it drew.
"""

from __future__ import annotations

from torch import Tensor

from benchmarks.plain.base import PlainGAN, Rates, against
from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.generator.base import GeneratorOutput
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.system.gan_cls import GANCLS
from experiments.system.seeding import Step
from experiments.system.stackgan import StackGAN


class PlainMatching(PlainGAN):
    """One judged picture, and a judge of matching."""

    redraws: bool  # whether the generator's turn has pictures of its own

    def __init__(self, system: GANCLS | StackGAN, rates: Rates) -> None:
        super().__init__(system, rates)
        assert isinstance(system.adversarial, MatchingAwareLoss), "as released for TensorFlow"
        assert getattr(system, "damsm", None) is None, "as released"
        assert system.wrong_images and system.adversarial.mismatch_weight == 0.5, "as released"
        self.judge = system.discriminator
        self.judge_optimiser = self.adam(self.judge.parameters(), rates["discriminator"])

    def step(self, batch: Batch, step: Step) -> dict[str, float]:
        captions = batch.of(Captions)
        _, sentence = self.read(captions.tokens, captions.lengths)
        made = self.draw(batch, step, None, sentence)
        losses = self.train_judges(batch, made, sentence)
        if self.redraws:
            made = self.draw(batch, step, None, sentence)
        losses |= self.train_generator(made, sentence)
        self.average_weights()
        return losses

    def train_judges(
        self, batch: Batch, made: GeneratorOutput, sentence: Tensor
    ) -> dict[str, float]:
        """Right pairs, and half each of wrong and of fake ones."""
        right = batch.of(Pictures)
        assert right.wrong_images is not None, "the loader makes both"
        self.judge_optimiser.zero_grad()
        real = against(self.logits(right.images[-1], sentence), 1.0)
        fake = against(self.logits(made.images[-1].detach(), sentence), 0.0)
        wrong = against(self.logits(right.wrong_images[-1], sentence), 0.0)
        total = real + 0.5 * (wrong + fake)
        total.backward()
        self.judge_optimiser.step()
        parts = {"real": real.item(), "wrong": wrong.item(), "fake": fake.item()}
        return parts | {"discriminator": total.item()}

    def train_generator(self, made: GeneratorOutput, sentence: Tensor) -> dict[str, float]:
        """Pictures that pass for real ones of their sentence, and the divergence where one is."""
        self.optimiser.zero_grad()
        total = against(self.logits(made.images[-1], sentence), 1.0)
        return self.update_generator(total, {"adversarial": total.item()}, made)

    def logits(self, images: Tensor, sentence: Tensor) -> Tensor:
        """(B,): whether pictures (B, 3, R, R) are real and belong to their sentences (B, D)."""
        ((paired, _),) = self.judge([images], sentence)
        return paired  # type: ignore[no-any-return]


class PlainGANCLS(PlainMatching):
    """GAN-CLS alone: the generator draws nothing between two sentences."""

    redraws, kl_weight = True, 0.0

    def __init__(self, system: GANCLS, rates: Rates) -> None:
        super().__init__(system, rates)
        assert not system.interpolation_weight, "GAN-INT is not timed"


class PlainStackGAN(PlainMatching):
    """Either stage; the second's generator holds the first, frozen."""

    redraws = False

    def __init__(self, system: StackGAN, rates: Rates) -> None:
        super().__init__(system, rates)
        self.kl_weight = system.kl.weight
