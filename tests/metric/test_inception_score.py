"""The inception score between its two ends, and by hand between them."""

from __future__ import annotations

import math

import pytest
import torch

from experiments.metric import ClassScore
from experiments.metric.inception_score import inception_score as tensors_of_score
from experiments.terminal.error import UserError


def inception_score(logits: torch.Tensor, splits: int = 10, seed: int = 0) -> tuple[float, float]:
    mean, std = tensors_of_score(logits, splits, seed)
    return mean.item(), std.item()


def test_uniform_predictions_score_one() -> None:
    assert inception_score(torch.zeros(100, 7)) == pytest.approx((1.0, 0.0), abs=1e-12)


def test_alike_predictions_score_one_however_certain() -> None:
    logits = torch.zeros(40, 7)
    logits[:, 3] = 1000
    assert inception_score(logits) == pytest.approx((1.0, 0.0), abs=1e-12)


def test_certain_and_balanced_predictions_score_the_number_of_classes() -> None:
    logits = torch.eye(5).repeat(20, 1) * 1000
    assert inception_score(logits, splits=1)[0] == pytest.approx(5.0, abs=1e-12)


def test_two_pictures_by_hand() -> None:
    # p = (3/4, 1/4) and (1/4, 3/4), marginal (1/2, 1/2): KL = 3/4 ln 3/2 + 1/4 ln 1/2.
    logits = torch.tensor([[3.0, 1.0], [1.0, 3.0]], dtype=torch.float64).log()
    expected = math.exp(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert inception_score(logits, splits=1) == pytest.approx((expected, 0.0), abs=1e-12)


def test_spread_over_splits_by_hand() -> None:
    # Splits of one picture score 1 each; one split of both certain pictures scores 2.
    logits = torch.eye(2) * 1000
    assert inception_score(logits, splits=2) == pytest.approx((1.0, 0.0), abs=1e-12)
    # Three pictures, two splits: {a, b} scores 2 or, where both are alike, 1; the single one 1.
    means = {inception_score(torch.eye(3) * 1000, splits=2, seed=seed) for seed in range(3)}
    assert {tuple(round(x, 9) for x in pair) for pair in means} == {(1.5, 0.5)}


@pytest.mark.filterwarnings("ignore:.*will save all extracted features")
@pytest.mark.parametrize("splits", [2, 4, 8])
def test_equals_torchmetrics_on_equal_splits(splits: int) -> None:
    """The spread is that of the reference script, divided by n; torchmetrics divides by n - 1."""
    from torchmetrics.image.inception import InceptionScore

    logits = torch.randn(64, 12, generator=torch.Generator().manual_seed(0)).double() * 3
    same = torch.nn.Identity()
    reference, metric = InceptionScore(same, splits), ClassScore(same, splits, seed=5)
    for each in (reference, metric):
        for part in logits.split(25):
            each.update(part)
    torch.manual_seed(5)
    expected, found = reference.compute(), metric.compute()
    assert found[0].item() == pytest.approx(expected[0].item(), rel=1e-6)
    by_n = expected[1].item() * ((splits - 1) / splits) ** 0.5
    assert found[1].item() == pytest.approx(by_n, rel=1e-6)


def test_order_is_shuffled_by_the_seed() -> None:
    # Sorted by class, ten splits in order would each see one class and score 1.
    logits = torch.eye(10).repeat_interleave(20, 0) * 1000
    mean, std = inception_score(logits)
    assert mean > 5
    assert (mean, std) == inception_score(logits)
    assert (mean, std) != inception_score(logits, seed=1)


def test_fewer_pictures_than_splits() -> None:
    metric = ClassScore(torch.nn.Identity())
    metric.update(torch.zeros(9, 3))
    with pytest.raises(UserError, match="9 of the 10 images"):
        metric.compute()
