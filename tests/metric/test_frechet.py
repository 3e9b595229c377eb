"""The Fréchet distance against closed forms, torchmetrics, and its own invariances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from experiments.metric import FrechetDistance, Given
from experiments.metric.frechet import (
    Gaussian,
    _singular_values,
    _solved,
    factor_of,
    frechet_distance,
    gaussian,
    trace_of_root,
)
from experiments.terminal.error import UserError


def draw(n: int, d: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64)
    rows = torch.randn(n, d, generator=generator, dtype=torch.float64)
    return rows @ mix * scale + shift


def distance(real: Tensor, fake: Tensor, batch: int = 7) -> float:
    """Of features, through the metric."""
    metric = FrechetDistance(Given(real.shape[1]))
    for features, is_real in ((real, True), (fake, False)):
        for part in features.split(batch):
            metric.update(part, real=is_real)
    return float(metric.compute())


def by_covariance(features: Tensor) -> Gaussian:
    return Gaussian(features.mean(0), factor_of(features.T.cov()))


def diagonal(mean: list[float], variances: list[float]) -> Gaussian:
    wide = {"dtype": torch.float64}
    return Gaussian(torch.tensor(mean, **wide), factor_of(torch.tensor(variances, **wide).diag()))


def test_one_dimension_by_hand() -> None:
    # Means 1 and 4, unbiased variances 2 and 8: 9 + 2 + 8 - 2 sqrt(16) = 11.
    real = torch.tensor([[0.0], [2.0]])
    fake = torch.tensor([[2.0], [6.0]])
    assert distance(real, fake) == pytest.approx(11.0, abs=1e-12)


def test_two_normal_distributions_by_hand() -> None:
    """N(0, 1) and N(1, 4): 1 + 1 + 4 - 2 * 2."""
    first, second = (
        Gaussian(torch.tensor([mean]).double(), torch.tensor([[root]]).double())
        for mean, root in ((0, 1), (1, 2))
    )
    assert frechet_distance(first, second).item() == 2


def test_closed_form_of_commuting_gaussians() -> None:
    # Diagonal covariances: |mu1 - mu2|^2 + sum (s1 - s2)^2, here 9 + 1 + 4 + 0.
    first, second = diagonal([0, 0, 0], [1, 4, 9]), diagonal([0, 3, 0], [4, 16, 9])
    assert frechet_distance(first, second).item() == pytest.approx(14.0, abs=1e-12)


def test_closed_form_where_the_rank_is_not_full() -> None:
    # One covariance is singular: (0 - 2)^2 + (3 - 1)^2 = 8.
    first, second = diagonal([0, 0], [0, 9]), diagonal([0, 0], [4, 1])
    assert frechet_distance(first, second).item() == pytest.approx(8.0, abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(200, 150), (40, 30), (200, 30), (20, 15)])
def test_equals_torchmetrics(n: int, m: int) -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    real, fake = draw(n, 24, 0), draw(m, 24, 1, scale=0.7, shift=0.3)
    reference = FrechetInceptionDistance(feature=Given(24)).set_dtype(torch.float64)
    reference.update(real, real=True)
    reference.update(fake, real=False)
    assert distance(real, fake) == pytest.approx(reference.compute().item(), rel=1e-6)


@pytest.mark.parametrize(("n", "m"), [(10, 12), (10, 200), (200, 10), (200, 200)])
def test_paths_agree(n: int, m: int) -> None:
    real, fake = draw(n, 32, 0), draw(m, 32, 1)
    other = frechet_distance(by_covariance(real), by_covariance(fake)).item()
    assert distance(real, fake) == pytest.approx(other, rel=1e-8)


def test_trace_is_that_of_the_symmetric_root() -> None:
    first, second = draw(100, 8, 0).T.cov(), draw(100, 8, 1).T.cov()
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.sqrt() @ vectors.T
    expected = torch.linalg.eigvalsh(root @ second @ root).sqrt().sum()
    found = trace_of_root(factor_of(first), factor_of(second))
    assert found.item() == pytest.approx(expected.item(), rel=1e-11)


@pytest.mark.parametrize("n", [12, 100])
def test_rotation_and_permutation_change_nothing(n: int) -> None:
    real, fake = draw(n, 16, 0), draw(n, 16, 1)
    rotation, _ = torch.linalg.qr(draw(16, 16, 2))
    expected = distance(real, fake)
    assert distance(real @ rotation, fake @ rotation) == pytest.approx(expected, rel=1e-9)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(3))
    assert distance(real[order], fake) == pytest.approx(expected, rel=1e-9)
    assert distance(fake, real) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", [5, 16, 17, 300])
def test_identical_sets_are_at_zero_and_never_below(n: int) -> None:
    features = draw(n, 16, 0, scale=100.0)
    size = features.T.cov().trace().item()
    assert 0 <= distance(features, features.clone()) <= 1e-10 * size


def test_dead_features_do_no_harm() -> None:
    real, fake = draw(100, 8, 0), draw(100, 8, 1)
    dead = torch.full((100, 5), 0.25, dtype=torch.float64)
    padded = distance(torch.cat((real, dead), 1), torch.cat((fake, dead), 1))
    assert padded == pytest.approx(distance(real, fake), rel=1e-9)


def test_large_means_keep_their_digits() -> None:
    real, fake = draw(500, 8, 0), draw(500, 8, 1)
    expected = distance(real, fake)
    moved = frechet_distance(gaussian(real + 1e5), gaussian(fake + 1e5)).item()
    assert moved == pytest.approx(expected, rel=1e-8)
    # The sums of a stream lose digits with the square of the mean: a thousand costs six.
    assert distance(real + 1e3, fake + 1e3) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("batch", [1, 9, 30, 100])
@pytest.mark.parametrize("n", [15, 16, 17, 60])
def test_batches_and_their_order_change_nothing(n: int, batch: int) -> None:
    real, fake = draw(n, 16, 0, shift=5.0), draw(40, 16, 1)
    expected = frechet_distance(gaussian(real), gaussian(fake)).item()
    assert distance(real, fake, batch) == pytest.approx(expected, rel=1e-8)
    assert distance(real.flip(0), fake, batch) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("n", [6, 60])
def test_real_features_may_stay(n: int) -> None:
    """As torchmetrics has it: the generated side begins anew, and so does what is few of it."""
    real, fake = draw(n, 16, 0), draw(30, 16, 1)
    metric = FrechetDistance(Given(16), reset_real_features=False)
    metric.update(real, real=True)
    for _ in range(2):
        metric.update(fake, real=False)
        assert metric.compute().item() == pytest.approx(distance(real, fake), rel=1e-8)
        metric.reset()


@pytest.mark.parametrize("n", [0, 1])
def test_one_image_has_no_covariance(n: int) -> None:
    with pytest.raises(UserError, match=f"{n} of the 2 generated images"):
        distance(draw(10, 4, 0), draw(n, 4, 1))


def test_values_that_are_not_finite_are_refused() -> None:
    fake = draw(10, 4, 1)
    fake[3, 2] = float("nan")
    with pytest.raises(UserError, match="some generated images gave NaN"):
        distance(draw(10, 4, 0), fake)


def test_the_example_of_the_class() -> None:
    import doctest

    from experiments.metric import frechet

    found = doctest.testmod(frechet)
    assert found.attempted >= 5 and not found.failed


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (torch.linalg.eigh, np.linalg.eigh),
        (torch.linalg.eigvalsh, np.linalg.eigvalsh),
        (torch.linalg.svdvals, _singular_values),
    ],
)
def test_the_root_has_a_second_way(first: Any, second: Any) -> None:
    """The first gives up as LAPACK does: on a matrix that it is shown instead."""
    x = torch.randn(40, 12, dtype=torch.float64)
    matrix = x.T @ x

    def gives_up(given: Tensor) -> Any:
        return first(given * torch.nan)

    with pytest.raises(torch.linalg.LinAlgError):
        gives_up(matrix)
    found, wanted = _solved(gives_up, second, matrix), first(matrix)
    if isinstance(wanted, Tensor):
        torch.testing.assert_close(found, wanted)
    else:  # vectors are those of the same matrix, whatever their signs
        values, vectors = found
        torch.testing.assert_close(values, wanted[0])
        torch.testing.assert_close(vectors * values @ vectors.T, matrix)


@pytest.mark.parametrize("dead", [0, 5, 11])
def test_pictures_that_are_all_alike(dead: int) -> None:
    """|mu - c|^2 + Tr S, whatever number of features is zero on all of them."""
    real = torch.randn(60, 12, dtype=torch.float64)
    fake = torch.zeros(50, 12, dtype=torch.float64)
    fake[:, dead:] = 0.7
    wanted = (real.mean(0) - fake[0]).square().sum() + torch.cov(real.T).trace()
    found = frechet_distance(gaussian(real), gaussian(fake))
    torch.testing.assert_close(found, wanted)
