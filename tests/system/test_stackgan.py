"""Both stages of StackGAN, and StackGAN-v2."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures
from experiments.loss.kl import kl_loss
from experiments.system.seeding import Step
from experiments.system.text_to_image import TextToImage
from experiments.trainer.training import Training
from tests.system.adding import bce, total

Make = Callable[..., TextToImage]
FirstBatch = Callable[..., tuple[Batch, Step]]


def test_stage_1(make_system: Make, first_batch: FirstBatch) -> None:
    system = make_system("stackgan")
    batch, step = first_batch(system)
    pictures = batch.of(Pictures)
    shared = system.prepare(batch, step)
    assert pictures.wrong_images is not None
    sentence, judge = shared.text.sentence, system.discriminator
    ((real, _),), ((wrong, _),) = (
        judge(pictures.images, sentence),
        judge(pictures.wrong_images, sentence),
    )
    ((fake, _),) = judge(shared.fakes, sentence)
    expected = bce(real, 1) + (bce(wrong, 0) + bce(fake, 0)) / 2
    torch.testing.assert_close(total(system.discriminator_loss(shared, step, 0)), expected)
    assert shared.made.mu is not None and shared.made.logvar is not None
    expected = bce(fake, 1) + 2 * kl_loss(shared.made.mu, shared.made.logvar)
    torch.testing.assert_close(total(system.generator_loss(shared, step, 0)), expected)


@pytest.mark.parametrize("wrong", ["image", "caption"])
def test_stage_1_told_mu(make_system: Make, first_batch: FirstBatch, wrong: str) -> None:
    """As released for PyTorch: mu is a constant to both turns."""
    system = make_system("stackgan", condition="mu", wrong=wrong)
    system.discriminator.project[0] = torch.nn.Linear(6, 6)
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    assert torch.equal(system.told(shared.text.sentence), shared.made.mu)  # type: ignore[arg-type]
    assert not system.told(shared.text.sentence).requires_grad
    assert total(system.discriminator_loss(shared, step, 0)).isfinite()
    ((fake, _),) = system.discriminator(shared.fakes, shared.made.mu)  # type: ignore[arg-type]
    torch.testing.assert_close(
        system.generator_loss(shared, step, 0)["adversarial"].value, bce(fake, 1)
    )


def test_stage_2_judges_the_last_picture_and_leaves_stage_1_alone(
    make_system: Make, make_training: Callable[..., Training]
) -> None:
    system = make_system("stackgan_stage2")
    first = system.generator.first
    before = {name: value.clone() for name, value in first.state_dict().items()}  # type: ignore
    training = make_training(system)
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    after = first.state_dict()  # type: ignore[union-attr,operator]
    assert all(torch.equal(before[name], after[name]) for name in before)
    moved = [p for n, p in system.generator.named_parameters() if not n.startswith("first.")]
    assert all(p.grad is None for p in first.parameters()) and moved  # type: ignore


def test_the_tree_sums_six_terms_of_every_stage(make_system: Make, first_batch: FirstBatch) -> None:
    system = make_system("stackgan_v2")
    batch, step = first_batch(system)
    pictures = batch.of(Pictures)
    shared = system.prepare(batch, step)
    assert pictures.wrong_images is not None
    mu = shared.made.mu
    assert mu is not None
    judge, expected = system.discriminator, torch.zeros(())
    real, wrong = judge(pictures.images, mu), judge(pictures.wrong_images, mu)
    for right, other, fake in zip(real, wrong, judge(shared.fakes, mu), strict=True):
        expected = expected + bce(right[0], 1) + bce(other[0], 0) + bce(fake[0], 0)
        expected = expected + bce(right[1], 1) + bce(other[1], 1) + bce(fake[1], 0)
    torch.testing.assert_close(total(system.discriminator_loss(shared, step, 0)), expected)


def test_the_tree_s_generator_trains_mu_through_its_judges(
    make_system: Make, first_batch: FirstBatch
) -> None:
    system = make_system("stackgan_v2")
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.generator_loss(shared, step, 0)
    assert set(losses) == {"8px/adversarial", "16px/adversarial", "16px/colour", "kl", "kl_sum"}
    mu = shared.made.mu
    assert mu is not None
    (gradient,) = torch.autograd.grad(losses["8px/adversarial"].value, mu, retain_graph=True)
    assert gradient.abs().sum() > 0
    logits = system.discriminator(shared.fakes, mu)
    expected = sum(bce(c, 1) + bce(u, 1) for c, u in logits)
    found = losses["8px/adversarial"].value + losses["16px/adversarial"].value
    torch.testing.assert_close(found, expected)


def test_turns_leave_the_other_network_alone(
    make_system: Make, make_training: Callable[..., Training]
) -> None:
    for kind in ("gan_cls", "stackgan", "stackgan_v2"):
        training = make_training(make_system(kind))
        for turn in training.turns:
            turn.settings.lr = 0.0
        training.turns[0].settings.lr = 1e-2
        before = {k: v.clone() for k, v in training.system.state_dict().items()}
        training.step(training.batches.at(0))
        training.advance()
        after = training.system.state_dict()
        changed = {
            name.split(".")[0] for name in before if not torch.equal(before[name], after[name])
        }
        assert changed == {"discriminator"}
