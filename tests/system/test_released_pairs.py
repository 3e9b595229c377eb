"""Wrong pairs as AttnGAN and the PyTorch port of StackGAN were released: one less than pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.store.dataset import Dataset
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.generator.stackgan import StackGANStage1
from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.kl import KLLoss
from experiments.system.seeding import Step
from experiments.system.stackgan import StackGAN
from experiments.system.text_to_image import TextToImage
from experiments.trainer.training import Training
from tests.conftest import DIM, SIZE, tiny_encoder
from tests.system.adding import bce, total

Make = Callable[..., TextToImage]
FirstBatch = Callable[..., tuple[Batch, Step]]


def port(birds: Dataset, unconditional: bool = True) -> StackGAN:
    """StackGAN at 16 px with the judge and the losses of the port."""
    drawer = StackGANStage1([SIZE], 8, 5, 6, DIM)
    judge = AttnGANDiscriminator([SIZE], 4, 6, unconditional=unconditional)
    options = {"mismatch": "roll_released", "wrong": "caption", "condition": "mu"}
    losses = AdversarialLoss(), KLLoss(2.0)
    system = StackGAN(tiny_encoder(birds), drawer, judge, *losses, **options)
    system.initialise()
    return system.train()


@pytest.mark.parametrize("norm", ["group", "batch"])
def test_attngan_s_pairs_by_hand(make_attngan: Make, first_batch: FirstBatch, norm: str) -> None:
    """Sorted by length, picture k of B - 1 has the sentence of k + 1; the statistics of a batch are
    those of B - 1 pairs, too."""
    system = make_attngan(norm=norm, mismatch="roll_released")
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.discriminator_loss(shared, step, 0)
    order = torch.argsort(batch.of(Captions).lengths, descending=True, stable=True)
    sentence = shared.text.sentence[order]
    for stage, network in enumerate(system.discriminator.stages):  # type: ignore[arg-type]
        pictures = batch.of(Pictures).images[stage][order]
        features = network.trunk(pictures)  # type: ignore[operator]
        wrong = network.conditional(features[:-1], sentence[1:])  # type: ignore[operator]
        assert len(wrong) == len(batch) - 1 == 7
        found = losses[f"{SIZE // 2 << stage}px/conditional_wrong"].value
        torch.testing.assert_close(found, bce(wrong, 0) / 3)


@pytest.mark.parametrize("unconditional", [True, False])
def test_the_port_s_terms_by_hand(
    birds: Dataset, first_batch: FirstBatch, unconditional: bool
) -> None:
    """As released, in the order of the batch: five terms where pictures are judged alone, else
    three."""
    system = port(birds, unconditional)
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    mu, (network,) = system.told(shared.text.sentence), system.discriminator.stages
    real = network.trunk(batch.of(Pictures).images[0])  # type: ignore[operator]
    fake = network.trunk(shared.fakes[0].detach())  # type: ignore[operator]
    judged, alone = network.conditional, network.alone
    right, right_alone = judged(real, mu), alone(real)  # type: ignore[operator]
    drawn, drawn_alone = judged(fake, mu), alone(fake)  # type: ignore[operator]
    wrong = judged(real[:-1], mu[1:])  # type: ignore[operator]
    if unconditional:
        expected = (bce(right, 1) + bce(right_alone, 1)) / 2
        expected = expected + (bce(drawn, 0) + bce(wrong, 0) + bce(drawn_alone, 0)) / 3
        fooled = bce(drawn, 1) + bce(drawn_alone, 1)
    else:
        expected = bce(right, 1) + (bce(drawn, 0) + bce(wrong, 0)) / 2
        fooled = bce(drawn, 1)
    found = total(system.discriminator_loss(shared, step, 0))
    torch.testing.assert_close(found, expected)
    found.backward()
    assert all(p.grad is not None for p in system.discriminator.parameters())
    adversarial = system.generator_loss(shared, step, 0)["adversarial"].value
    torch.testing.assert_close(adversarial, fooled)


def test_parts_of_a_batch_add_up_to_its_pairs(
    make_attngan: Make, make_training: Callable[..., Training]
) -> None:
    """The part that holds the record without a pair has three of four, and its mean counts less."""
    system = make_attngan(mismatch="roll_released")
    results = []
    for parts in (1, 2):
        training = make_training(system, accumulate=parts)
        cut = training.split(training.to_device(training.batches.at(0)))
        assert len(cut) == parts
        losses = [
            system.discriminator_loss(system.prepare(batch, step), step, 0) for batch, step in cut
        ]
        means = {
            name: sum(loss[name].value for loss in losses) / parts
            for name in losses[0]
            if "wrong" in name
        }
        results.append(means)
    torch.testing.assert_close(*results)


def test_a_part_without_any_pair_counts_nothing(
    make_attngan: Make, make_training: Callable[..., Training]
) -> None:
    system = make_attngan(mismatch="roll_released")
    training = make_training(system, accumulate=8)
    cut = training.split(training.to_device(training.batches.at(0)))
    losses = [system.discriminator_loss(system.prepare(*part), part[1], 0) for part in cut]
    values = [loss["8px/conditional_wrong"].value.detach() for loss in losses]
    assert sorted(value.item() == 0 for value in values) == [False] * 7 + [True]


@pytest.mark.parametrize("kind", ["gan_cls", "stackgan", "stackgan_stage2", "stackgan_v2"])
def test_every_method_takes_them(
    make_system: Make, make_training: Callable[..., Training], kind: str
) -> None:
    for wrong, captions in (("image", 1), ("caption", 2)):
        options = {"mismatch": "roll_released", "wrong": wrong, "captions": captions}
        training = make_training(make_system(kind, **options))
        training.step(training.batches.at(0))
        training.advance()
        assert all(p.isfinite().all() for p in training.system.parameters())
