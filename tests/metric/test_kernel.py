"""The kernel distance by hand, against torchmetrics, and over subsets."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.metric import Given, KernelDistance
from experiments.metric.kernel import default_size, kernel_distance, polynomial_mmd
from experiments.terminal.error import UserError


def draw(n: int, seed: int, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 12, generator=generator, dtype=torch.float64) + shift


def test_two_points_by_hand() -> None:
    # d = 1: k(x, y) = (xy + 1)^3. Reals 0 and 1: k = 1. Fakes 1 and 2: k = 27.
    # Across: k(0, .) = 1 and 1, k(1, 1) = 8, k(1, 2) = 27: mean 37 / 4. 1 + 27 - 37 / 2 = 9.5.
    real, fake = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    assert polynomial_mmd(real, fake).item() == pytest.approx(9.5, abs=1e-12)


@pytest.mark.filterwarnings("ignore:.*will save all extracted features")
@pytest.mark.parametrize("size", [60, 20])
def test_equals_torchmetrics_on_equal_draws(size: int) -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    real, fake = draw(60, 0), draw(80, 1, shift=0.4)
    reference = KernelInceptionDistance(feature=Given(12), subsets=5, subset_size=size)
    metric = KernelDistance(Given(12), subsets=5, subset_size=size, seed=3)
    for each in (reference, metric):
        for part in real.split(25):
            each.update(part, real=True)
        each.update(fake, real=False)
    torch.manual_seed(3)
    expected = [value.item() for value in reference.compute()]
    assert [value.item() for value in metric.compute()] == pytest.approx(expected, rel=1e-6)


def test_the_whole_set_has_no_spread() -> None:
    assert kernel_distance(draw(60, 0), draw(60, 1), subset_size=60)[1] == 0


def test_too_few_and_not_finite() -> None:
    metric = KernelDistance(Given(12))
    metric.update(draw(9, 0), real=True)
    metric.update(draw(1, 0), real=False)
    with pytest.raises(UserError, match="1 of the 2 generated images"):
        metric.compute()
    metric.reset()
    metric.update(draw(9, 0) / 0, real=True)
    metric.update(draw(9, 0), real=False)
    with pytest.raises(UserError, match="9 of 9 real images gave NaN"):
        metric.compute()


def test_unbiased_where_the_sets_are_of_one_kind() -> None:
    values = [polynomial_mmd(draw(8, 2 * i), draw(9, 2 * i + 1)).item() for i in range(400)]
    spread = torch.tensor(values).std().item()
    assert abs(sum(values) / 400) < 4 * spread / 400**0.5
    assert min(values) < 0 < max(values)


def test_subsets_follow_the_seed_and_surround_the_whole() -> None:
    real, fake = draw(300, 0), draw(200, 1, shift=0.5)
    first, again = kernel_distance(real, fake, seed=1), kernel_distance(real, fake, seed=1)
    assert first == again
    assert first[0] != kernel_distance(real, fake, seed=2)[0]
    mean, std = (value.item() for value in first)
    assert std > 0
    whole = polynomial_mmd(real, fake).item()
    assert abs(mean - whole) < 5 * std / 100**0.5 + 0.05 * whole


@pytest.mark.parametrize(("n", "m", "size"), [(300, 200, 150), (900, 400, 10)])
def test_one_gram_equals_a_gram_per_subset(n: int, m: int, size: int) -> None:
    # The first pair of sizes is cheaper with one Gram matrix, the second with one per subset.
    real, fake = draw(n, 0), draw(m, 1, shift=0.5)
    generator = torch.Generator().manual_seed(3)
    values = []
    for _ in range(20):
        rows = torch.randperm(n, generator=generator)[:size]
        columns = torch.randperm(m, generator=generator)[:size]
        values.append(polynomial_mmd(real[rows], fake[columns]).item())
    mean, std = kernel_distance(real, fake, subsets=20, subset_size=size, seed=3)
    assert mean.item() == pytest.approx(sum(values) / 20, rel=1e-9)
    expected = torch.tensor(values, dtype=torch.float64).std(unbiased=False).item()
    assert std.item() == pytest.approx(expected, rel=1e-9)


def test_default_subsets_are_a_thousand_where_there_are_more() -> None:
    assert default_size(1001, 1500) == 1000
    assert default_size(300, 200) == 100
    assert default_size(2, 1500) == 2


def test_impossible_subsets_are_a_programmer_error() -> None:
    with pytest.raises(AssertionError):
        kernel_distance(draw(10, 0), draw(20, 1), subset_size=11)
    with pytest.raises(AssertionError):
        polynomial_mmd(draw(1, 0), draw(20, 1))
