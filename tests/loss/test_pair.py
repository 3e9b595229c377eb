from __future__ import annotations

import pytest
import torch

from experiments.loss.feature_matching import FeatureMatching
from experiments.loss.pair import PairLoss


def test_the_discriminator_s_terms_by_hand() -> None:
    """(0.5 - 0.9)^2 = 0.16 and (1.3 - 0.9)^2 = 0.16; 0.2^2 and 0.4^2; 1^2 and 0."""
    real, fake, wrong = (torch.tensor(x) for x in ([0.5, 1.3], [0.2, -0.4], [1.0, 0.0]))
    terms = PairLoss().discriminator(real, fake, wrong)
    assert {name: value.item() for name, value in terms.items()} == pytest.approx(
        {"real": 0.16, "fake": 0.10, "wrong": 0.50}
    )
    assert sum(terms.values()).item() == pytest.approx(0.76)
    assert set(PairLoss().discriminator(real, fake)) == {"real", "fake"}


def test_the_generator_is_to_reach_one_not_the_smoothed_target() -> None:
    assert PairLoss().generator(torch.tensor([0.5, 1.0])).item() == pytest.approx(0.125)


def test_without_smoothing_the_target_is_one() -> None:
    loss = PairLoss(label_smoothing=0.0)
    assert loss.discriminator(torch.ones(2), torch.zeros(2))["real"].item() == 0


def test_feature_matching_compares_means_alone() -> None:
    """Means (1, 0) and (0, 3): (1 + 9) / 2. Pictures may differ as long as their mean does not."""
    fake = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
    real = torch.tensor([[-5.0, 3.0], [5.0, 3.0]])
    assert FeatureMatching()(fake.mean(0), real.mean(0)).item() == 5.0
    assert FeatureMatching()(fake.flip(0).mean(0), fake.mean(0)).item() == 0.0
    assert FeatureMatching().weight == 100.0
