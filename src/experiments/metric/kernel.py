"""Kernel distance: unbiased squared MMD with a polynomial kernel.

Bińkowski et al. 2018, §4 and eq. 4: k(x, y) = (gamma x.y + coef)^degree with gamma = 1/d, coef = 1,
degree = 3. Unlike the Fréchet distance it has no bias at small counts; it can be negative.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class KernelDistance(NamedTuple):
    """Mean and standard deviation (over subsets), and the images that a subset held."""

    mean: float
    std: float
    subset_size: int


def polynomial_mmd(
    real: Tensor,
    fake: Tensor,
    degree: int = 3,
    gamma: float | None = None,
    coef: float = 1.0,
) -> Tensor:
    """Unbiased MMD^2 of features (n, d) and (m, d), n and m >= 2, as a float64 scalar."""
    n, m = len(real), len(fake)
    assert n >= 2 and m >= 2, f"the unbiased estimate needs two images a side: {n} and {m}"
    assert real.shape[1:] == fake.shape[1:], "features of different extractors"
    real, fake = real.double(), fake.double()
    gamma = 1 / real.shape[1] if gamma is None else gamma

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y.T).mul_(gamma).add_(coef).pow_(degree)

    def within(x: Tensor) -> Tensor:
        gram = kernel(x, x)
        return (gram.sum() - gram.diagonal().sum()) / (len(x) * (len(x) - 1))

    return within(real) + within(fake) - 2 * kernel(real, fake).mean()


def kernel_distance(
    real: Tensor,
    fake: Tensor,
    subsets: int = 100,
    subset_size: int | None = None,
    seed: int = 0,
) -> KernelDistance:
    """Mean and standard deviation of `polynomial_mmd` over random subsets of (n, d) and (m, d).

    A subset holds `subset_size` images of each side, without repeats. By default that is 1000, and
    half of the smaller side (at least 2) where that has no more than 1000: subsets that are always
    the whole set would report a spread of zero.
    """
    smaller = min(len(real), len(fake))
    if subset_size is None:
        subset_size = 1000 if smaller > 1000 else max(smaller // 2, 2)
    assert 2 <= subset_size <= smaller, f"subsets of {subset_size} from {smaller} images"
    assert subsets >= 1, "at least one subset"
    if subset_size == len(real) == len(fake):
        subsets = 1  # every subset is the whole set
    generator = torch.Generator().manual_seed(seed)
    values = []
    for _ in range(subsets):
        rows = torch.randperm(len(real), generator=generator)[:subset_size].to(real.device)
        columns = torch.randperm(len(fake), generator=generator)[:subset_size].to(fake.device)
        values.append(polynomial_mmd(real[rows], fake[columns]))
    stacked = torch.stack(values)
    return KernelDistance(
        stacked.mean().item(), stacked.std(unbiased=False).item(), int(subset_size)
    )
