"""Precision, recall, density and coverage: by hand, by brute force, and what they tell apart."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.metric import NeighbourScore
from experiments.metric.extractor import Given
from experiments.metric.neighbour import counted, neighbours, squared_distances
from experiments.metric.result import Undefined
from experiments.terminal.error import UserError


def draw(seed: int, n: int, d: int = 3) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def column(*values: float) -> Tensor:
    return torch.tensor(values)[:, None]


def test_one_dimension_by_hand() -> None:
    """Balls of 0, 1, 3 reach 1, 1, 2 far: 0.4 is inside of the first two. 5 is at the rim of the
    third, which is outside, or density would be 1.5 and coverage 1. Balls of 0.4 and 5 reach 4.6
    far and have all in them; the nearest to 3 is 5, outside."""
    found = neighbours(column(0, 1, 3), column(0.4, 5), k=1)
    assert [value.item() for value in found] == pytest.approx([0.5, 1, 1, 2 / 3])


@pytest.mark.parametrize("k", [1, 5])
def test_equals_what_the_definitions_say(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.metric.neighbour.CHUNK", 7)
    real, fake = draw(0, 40).double() + 1e3, draw(1, 30).double() * 1.3 + 1e3
    balls = torch.cdist(real, real).sort(1).values[:, k]  # the first is the picture itself
    fake_balls = torch.cdist(fake, fake).sort(1).values[:, k]
    across = torch.cdist(fake, real, compute_mode="donot_use_mm_for_euclid_dist")
    expected = [
        (across < balls).any(1).double().mean().item(),
        (across < fake_balls[:, None]).any(0).double().mean().item(),
        (across < balls).double().sum().item() / k / 30,
        (across.amin(0) < balls).double().mean().item(),
    ]
    assert [value.item() for value in neighbours(real, fake, k)] == pytest.approx(expected)


def test_two_sets_of_one_distribution() -> None:
    """Density 1, coverage 1 - 2^-5 (Naeem et al. 2020), however many there are of either."""
    metric = NeighbourScore(Given(3))
    for part, real in ((draw(0, 900), True), (draw(1, 2000), False)):
        metric.update(part, real=real)
    found = metric.compute()
    assert found.density.item() == pytest.approx(1, abs=0.06)
    assert found.coverage.item() == pytest.approx(1 - 2**-5, abs=0.03)


def test_what_is_poor_and_what_is_alike() -> None:
    real = draw(0, 300)
    far = neighbours(real, draw(1, 300) + 20)
    assert far.precision == far.recall == far.density == far.coverage == 0
    alike = neighbours(real, draw(1, 300) * 0.1)  # each like a real one, and all the same
    assert alike.precision > 0.99 and alike.density > 1
    assert alike.recall < 0.2 and alike.coverage < 0.3


def test_the_seed_draws_where_there_are_more() -> None:
    def scored(**options: int) -> list[float]:
        metric = NeighbourScore(Given(3), **options)
        metric.update(draw(0, 60), real=True)
        metric.update(draw(1, 90), real=False)
        return [value.item() for value in metric.compute()]

    assert scored(seed=1) == scored(seed=1) != scored(seed=2)
    assert scored(most=20) != scored()
    assert counted(2933, 30_000) == (
        "k 5, strictly inside, 2,933 of each side drawn by the seed; published figures have 10,000"
    )
    assert counted(50_000, 30_000) == "k 5, strictly inside, 10,000 of each side drawn by the seed"
    assert counted(500, 500).startswith("k 5, strictly inside, 500 of each side; published")


def test_too_few_and_not_finite() -> None:
    metric = NeighbourScore(Given(3))
    metric.update(draw(0, 9), real=True)
    metric.update(draw(0, 5), real=False)
    with pytest.raises(UserError, match="5 of the 6 generated images that are needed"):
        metric.compute()
    metric.update(draw(0, 2) * float("nan"), real=False)
    with pytest.raises(Undefined, match="2 of 7 generated images"):
        metric.compute()


def test_a_copy_is_at_no_distance_even_of_large_means() -> None:
    rows = draw(0, 5).double() + 1e6
    ((_, distances),) = squared_distances(rows, rows)
    assert distances.diagonal().max() < 1e-12 and distances.min() >= 0
