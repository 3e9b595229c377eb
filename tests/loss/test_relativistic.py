"""Logits that are compared with each other (R3GAN, Huang et al. 2024), by hand."""

from __future__ import annotations

from math import log
from typing import Any

import pytest
import torch

from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.criterion import Criterion
from experiments.loss.joint import JointLoss
from experiments.loss.matching_aware import MatchingAwareLoss

REAL, FAKE = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0])
WRONG = torch.tensor([1.0, -1.0])
D, G = 0.720095, 1.220095  # of these pairs


def f(*differences: float) -> float:
    """Mean of log(1 + exp(-t))."""
    return float((-torch.tensor(differences)).exp().log1p().mean())


def test_pairs_by_hand() -> None:
    loss = MatchingAwareLoss(form="relativistic", mismatch_weight=0.0)
    terms = loss.discriminator(REAL, FAKE)
    assert set(terms) == {"fake"} and terms["fake"].item() == pytest.approx(D, abs=1e-6)
    assert loss.generator(FAKE, REAL).item() == pytest.approx(G, abs=1e-6)
    assert loss.generator(REAL, REAL).item() == pytest.approx(log(2))


def test_wrong_pairs_are_half_and_are_below_the_right_one() -> None:
    terms = MatchingAwareLoss(form="relativistic").discriminator(REAL, FAKE, WRONG)
    assert terms["fake"].item() == pytest.approx(D / 2, abs=1e-6)
    assert terms["wrong"].item() == pytest.approx(f(1, 1) / 2)


def test_each_head_is_compared_with_its_own_kind() -> None:
    real, fake = (REAL, torch.tensor([1.0, 1.0])), (FAKE, torch.tensor([0.0, 3.0]))
    loss = AdversarialLoss(form="relativistic")
    terms = loss.discriminator(real, fake, WRONG)
    expected = {
        "conditional_fake": D / 3,
        "unconditional_fake": f(1, -2) / 3,
        "conditional_wrong": f(1, 1) / 3,
    }
    assert {n: v.item() for n, v in terms.items()} == pytest.approx(expected, abs=1e-6)
    assert loss.generator(fake, real).item() == pytest.approx(G + f(-1, 2), abs=1e-6)
    joint = JointLoss(form="relativistic")
    terms = joint.discriminator(real, fake, (WRONG, torch.tensor([0.0, 0.0])))
    expected = {
        "conditional_fake": D,
        "conditional_wrong": f(1, 1),
        "unconditional_fake": f(1, -2),
        "unconditional_wrong": f(0, -3),  # its picture is real
    }
    assert {n: v.item() for n, v in terms.items()} == pytest.approx(expected, abs=1e-6)
    assert joint.generator(fake, real).item() == pytest.approx(G + f(-1, 2), abs=1e-6)


def test_with_both_penalties_by_hand() -> None:
    """D(x) = 3 x1 + 4 x2 at (1, 0) and (0, 1): f(3 - 4) and 0.625 twice."""
    criterion = Criterion("relativistic")
    found = criterion.above(torch.tensor([3.0]), torch.tensor([4.0])).item() + 2 * 0.625
    assert found == pytest.approx(2.563262, abs=1e-6)


@pytest.mark.parametrize(
    ("form", "expected"),
    [("binary", 0.5), ("hinge", 0.5), ("least_squares", 0.0), ("relativistic", 0.0)],
)
def test_how_sure_it_is(form: Any, expected: float) -> None:
    real, fake = torch.tensor([3.0, 0.3, 1.0, -2.0]), torch.tensor([1.0, 0.5, 3.0, -3.0])
    assert Criterion(form).lead(real, fake).item() == expected


def test_what_it_cannot_do_without() -> None:
    with pytest.raises(AssertionError, match="smooth"):
        Criterion("relativistic", 0.1)
    with pytest.raises(AssertionError, match="pairs"):
        MatchingAwareLoss(form="relativistic").discriminator(REAL, FAKE, WRONG[:1])
    with pytest.raises(AssertionError, match="real"):
        MatchingAwareLoss(form="relativistic").generator(FAKE)
