"""The kernel distance by hand, against torchmetrics, and over subsets."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.metric.kernel import kernel_distance, polynomial_mmd


def draw(n: int, seed: int, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 12, generator=generator, dtype=torch.float64) + shift


def test_two_points_by_hand() -> None:
    # d = 1: k(x, y) = (xy + 1)^3. Reals 0 and 1: k = 1. Fakes 1 and 2: k = 27.
    # Across: k(0, .) = 1 and 1, k(1, 1) = 8, k(1, 2) = 27: mean 37 / 4. 1 + 27 - 37 / 2 = 9.5.
    real, fake = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    assert polynomial_mmd(real, fake).item() == pytest.approx(9.5, abs=1e-12)


def test_equals_torchmetrics_on_the_whole_set() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    class Flat(torch.nn.Module):
        num_features = 12

        def forward(self, images: Tensor) -> Tensor:
            return images.flatten(1)

    real, fake = draw(60, 0), draw(60, 1, shift=0.4)
    reference = KernelInceptionDistance(feature=Flat(), subsets=2, subset_size=60)
    reference.update(real.view(60, 3, 2, 2), real=True)
    reference.update(fake.view(60, 3, 2, 2), real=False)
    mean, _ = reference.compute()
    result = kernel_distance(real, fake, subset_size=60)
    assert result.mean == pytest.approx(mean.item(), rel=1e-6)
    assert result.std == 0


def test_unbiased_where_the_sets_are_of_one_kind() -> None:
    values = [polynomial_mmd(draw(8, 2 * i), draw(9, 2 * i + 1)).item() for i in range(400)]
    spread = torch.tensor(values).std().item()
    assert abs(sum(values) / 400) < 4 * spread / 400**0.5
    assert min(values) < 0 < max(values)


def test_subsets_follow_the_seed_and_surround_the_whole() -> None:
    real, fake = draw(300, 0), draw(200, 1, shift=0.5)
    first, again = kernel_distance(real, fake, seed=1), kernel_distance(real, fake, seed=1)
    other = kernel_distance(real, fake, seed=2)
    assert first == again
    assert first.mean != other.mean
    assert first.subset_size == 100
    assert first.std > 0
    whole = polynomial_mmd(real, fake).item()
    assert abs(first.mean - whole) < 5 * first.std / 100**0.5 + 0.05 * whole


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
    result = kernel_distance(real, fake, subsets=20, subset_size=size, seed=3)
    assert result.mean == pytest.approx(sum(values) / 20, rel=1e-9)
    expected = torch.tensor(values, dtype=torch.float64).std(unbiased=False).item()
    assert result.std == pytest.approx(expected, rel=1e-9)


def test_default_subsets_are_a_thousand_where_there_are_more() -> None:
    assert kernel_distance(draw(1001, 0), draw(1500, 1), subsets=1).subset_size == 1000
    assert kernel_distance(draw(2, 0), draw(1500, 1), subsets=1).subset_size == 2


def test_impossible_subsets_are_a_programmer_error() -> None:
    with pytest.raises(AssertionError):
        kernel_distance(draw(10, 0), draw(20, 1), subset_size=11)
    with pytest.raises(AssertionError):
        polynomial_mmd(draw(1, 0), draw(20, 1))
