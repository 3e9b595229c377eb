"""StackGAN-v2's joint loss, worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from experiments.loss.joint import JointLoss

REAL = torch.tensor([1.0]), torch.tensor([0.2])
FAKE = torch.tensor([-1.0]), torch.tensor([-0.3])
WRONG = torch.tensor([0.5]), torch.tensor([0.7])


def softplus(value: float) -> float:
    return math.log1p(math.exp(value))


def test_six_terms_summed_and_a_wrong_pair_has_a_real_picture() -> None:
    terms = JointLoss(unconditional_weight=2.0).discriminator(REAL, FAKE, WRONG)
    expected = {
        "conditional_real": softplus(-1),
        "conditional_fake": softplus(-1),
        "conditional_wrong": softplus(0.5),
        "unconditional_real": 2 * softplus(-0.2),
        "unconditional_fake": 2 * softplus(-0.3),
        "unconditional_wrong": 2 * softplus(-0.7),
    }
    assert {k: float(v) for k, v in terms.items()} == pytest.approx(expected)


def test_without_unconditional_weight_the_negatives_are_halved() -> None:
    terms = JointLoss(unconditional_weight=0.0).discriminator(REAL, FAKE, WRONG)
    expected = {
        "conditional_real": softplus(-1),
        "conditional_fake": softplus(-1) / 2,
        "conditional_wrong": softplus(0.5) / 2,
    }
    assert {k: float(v) for k, v in terms.items()} == pytest.approx(expected)
    headless = JointLoss().discriminator((REAL[0], None), (FAKE[0], None), (WRONG[0], None))
    assert {k: float(v) for k, v in headless.items()} == pytest.approx(expected)


def test_generator_wants_both_logits_high() -> None:
    assert float(JointLoss().generator(FAKE)) == pytest.approx(softplus(1) + softplus(0.3))
    alone = JointLoss(unconditional_weight=0.0).generator(FAKE)
    assert float(alone) == pytest.approx(softplus(1))
