"""The losses of GAN-CLS and GAN-INT, worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from experiments.loss.matching_aware import MatchingAwareLoss, interpolation_mean

REAL, FAKE, WRONG = torch.tensor([1.0]), torch.tensor([-2.0]), torch.tensor([0.5])


def softplus(value: float) -> float:
    return math.log1p(math.exp(value))


def test_half_of_what_is_refused_are_wrong_pairs() -> None:
    terms = MatchingAwareLoss().discriminator(REAL, FAKE, WRONG)
    assert float(terms["real"]) == pytest.approx(softplus(-1))
    assert float(terms["fake"]) == pytest.approx(softplus(-2) / 2)
    assert float(terms["wrong"]) == pytest.approx(softplus(0.5) / 2)


def test_without_wrong_pairs_fakes_count_whole() -> None:
    terms = MatchingAwareLoss().discriminator(REAL, FAKE)
    assert set(terms) == {"real", "fake"}
    assert float(terms["fake"]) == pytest.approx(softplus(-2))
    plain = MatchingAwareLoss(mismatch_weight=0.0).discriminator(REAL, FAKE, WRONG)
    assert torch.equal(plain["fake"], terms["fake"]) and float(plain["wrong"]) == 0


def test_interpolated_sentences_have_a_third_of_a_batch_of_one_and_a_half() -> None:
    four, two = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([5.0, 9.0])
    parts = interpolation_mean(four.mean(), two.mean(), 1.0)
    assert float(sum(parts)) == pytest.approx(float(torch.cat((four, two)).mean()))
    assert float(parts[1]) == pytest.approx(7.0 / 3)


def test_weight_zero_is_the_plain_mean() -> None:
    matching, interpolated = interpolation_mean(torch.tensor(3.0), torch.tensor(7.0), 0.0)
    assert (float(matching), float(interpolated)) == (3.0, 0.0)


def test_df_gans_hinge_by_hand() -> None:
    real, wrong, fake = (torch.tensor(v) for v in ((0.5, 2.0), (-0.5, -2.0), (0.2, -1.5)))
    loss = MatchingAwareLoss(form="hinge")
    terms = loss.discriminator(real, fake, wrong)
    found = {name: value.item() for name, value in terms.items()}
    assert found == pytest.approx({"real": 0.25, "wrong": 0.25 / 2, "fake": 0.60 / 2})
    assert sum(found.values()) == pytest.approx(0.675)
    assert loss.generator(fake).item() == pytest.approx(0.65)
