"""FD∞: its sizes, its distances, its line, and that it is nearer to the truth."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.metric import FrechetInfinity
from experiments.metric.extractor import Given
from experiments.metric.frechet import frechet_distance, gaussian
from experiments.metric.frechet_infinity import frechet_distances, frechet_infinity, sizes_of
from experiments.terminal.error import UserError


def draw(seed: int, n: int, d: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_fifteen_sizes() -> None:
    assert sizes_of(500)[::7] == [50, 275, 500] and len(sizes_of(500)) == 15
    assert sizes_of(100_000)[0] == 5000 and sizes_of(5)[0] == 2


@pytest.mark.parametrize(("n", "m", "d"), [(9, 12, 30), (60, 50, 8), (9, 50, 30), (40, 12, 30)])
def test_distances_of_some_pictures(n: int, m: int, d: int) -> None:
    """All of them at once are what `frechet_distance` gives of each choice."""
    real, fake = draw(0, n, d) + 0.5, draw(1, m, d)
    sizes = [3, m // 2, m]
    generator = torch.Generator().manual_seed(7)
    chosen = [torch.randperm(m, generator=generator)[:size] for size in sizes]
    expected = [frechet_distance(gaussian(real), gaussian(fake[rows])).item() for rows in chosen]
    found = frechet_distances(real, fake, sizes, seed=7)
    assert found.tolist() == pytest.approx(expected, rel=1e-6)


def test_the_end_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def line(real: Tensor, fake: Tensor, sizes: list[int], seed: int) -> Tensor:
        return 4 + 70 / torch.tensor(sizes, dtype=torch.float64)

    monkeypatch.setattr("experiments.metric.frechet_infinity.frechet_distances", line)
    assert frechet_infinity(draw(0, 3, 2), draw(1, 80, 2)).item() == pytest.approx(4)


def test_it_is_nearer_to_the_truth_than_the_distance() -> None:
    """Between two sets of one distribution: 0."""
    real, fake = draw(0, 20_000, 20), draw(1, 400, 20)
    metric = FrechetInfinity(Given(20))
    metric.update(real, real=True)
    metric.update(fake, real=False)
    plain = frechet_distance(gaussian(real), gaussian(fake)).item()
    assert abs(metric.compute().item()) < plain / 2


def test_fewer_pictures_than_features_are_refused() -> None:
    """On them the distance is no line in 1/N: what it seems to end at is above the distance."""
    metric = FrechetInfinity(Given(20))
    metric.update(draw(0, 50, 20), real=True)
    metric.update(draw(1, 19, 20), real=False)
    with pytest.raises(UserError, match="19 of the 20 generated images that are needed"):
        metric.compute()
