"""Kernel distance: unbiased squared MMD with a polynomial kernel.

Bińkowski et al. 2018, §4 and eq. 4: k(x, y) = (gamma x.y + coef)^degree with gamma = 1/d, coef = 1,
degree = 3. Unlike the Fréchet distance it has no bias at small counts; it can be negative.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics.image.kid import KernelInceptionDistance

from experiments.metric.rows import all_rows, require

DEGREE, COEF = 3, 1.0
CHUNK = 1024


class KernelDistance(KernelInceptionDistance):
    """torchmetrics' KID for any extractor, in float64 and with subsets that `seed` draws: what
    torchmetrics draws after `torch.manual_seed(seed)`.

    `feature` gives (B, d) of what `update` is shown. `compute` gives mean and standard deviation
    over `subsets` (divided by their number) as `kernel_distance` does; it raises `UserError` for
    fewer than two images on a side and for values that are not finite.
    """

    def __init__(
        self,
        feature: nn.Module,
        subsets: int = 100,
        subset_size: int | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        """`subset_size`: as in `kernel_distance`, and at most the smaller side. `options`: those of
        every `torchmetrics.Metric`, and `reset_real_features`."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*will save all extracted features")
            super().__init__(feature, subsets, degree=DEGREE, gamma=None, coef=COEF, **options)
        self.subset_size, self.seed = subset_size, seed  # type: ignore[assignment]
        for side in ("real_features", "fake_features"):  # theirs asks for equal counts of batches
            self.add_state(side, [], dist_reduce_fx="cat")

    def compute(self) -> tuple[Tensor, Tensor]:
        """Of all processes' features together."""
        real, fake = all_rows(self.real_features), all_rows(self.fake_features)
        require(2, {"real images": real, "generated images": fake})
        size = self.subset_size and min(self.subset_size, len(real), len(fake))
        return kernel_distance(real, fake, self.subsets, size, self.seed)


def polynomial_kernel(products: Tensor, d: int) -> Tensor:
    """Kernel values of inner products of d-dimensional features, any shape; in place."""
    return products.div_(d).add_(COEF).pow_(DEGREE)


def polynomial_mmd(real: Tensor, fake: Tensor) -> Tensor:
    """Unbiased MMD^2 of features (n, d) and (m, d), n and m >= 2, as a float64 scalar."""
    assert real.shape[1:] == fake.shape[1:], "features of different extractors"
    everything = [torch.ones(len(side), 1, dtype=torch.float64) for side in (real, fake)]
    return _mmd(real.double(), fake.double(), *(e.to(real.device) for e in everything))[0]


def kernel_distance(
    real: Tensor, fake: Tensor, subsets: int = 100, subset_size: int | None = None, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of `polynomial_mmd` over random subsets of (n, d) and (m, d).

    A subset holds `subset_size` images of each side, without repeats. By default that is 1000, and
    half of the smaller side (at least 2) where that has no more than 1000: subsets that are always
    the whole set would report a spread of zero.
    """
    n, m = len(real), len(fake)
    subset_size = subset_size or default_size(n, m)
    assert 2 <= subset_size <= min(n, m), f"subsets of {subset_size} from {n} and {m} images"
    assert subsets >= 1, "at least one subset"
    if subset_size == n == m:
        subsets = 1  # every subset is the whole set
    real, fake = real.double(), fake.double()
    generator = torch.Generator().manual_seed(seed)
    draws = [
        (
            torch.randperm(n, generator=generator)[:subset_size].to(real.device),
            torch.randperm(m, generator=generator)[:subset_size].to(fake.device),
        )
        for _ in range(subsets)
    ]
    if n * n + m * m + n * m <= 3 * subsets * subset_size**2:
        chosen = (real.new_zeros(n, subsets), fake.new_zeros(m, subsets))
        for column, pair in enumerate(draws):
            for side, rows in zip(chosen, pair, strict=True):
                side[rows, column] = 1
        values = _mmd(real, fake, *chosen)
    else:
        values = torch.stack([polynomial_mmd(real[r], fake[f]) for r, f in draws])
    return values.mean(), values.std(unbiased=False)


def default_size(n: int, m: int) -> int:
    """Images of a subset where none is asked for."""
    return 1000 if min(n, m) > 1000 else max(min(n, m) // 2, 2)


def _mmd(real: Tensor, fake: Tensor, in_real: Tensor, in_fake: Tensor) -> Tensor:
    """MMD^2 (s,) of s subsets at once: in_real (n, s) and in_fake (m, s) are 1 for members.

    The sum of kernel values over a subset with members v is v'Kv, so all of them share one K.
    """
    n, m = in_real.sum(0), in_fake.sum(0)
    assert n.min() >= 2 and m.min() >= 2, "the unbiased estimate needs two images a side"
    within_real = _sum(real, real, in_real, in_real) - _own(real, in_real)
    within_fake = _sum(fake, fake, in_fake, in_fake) - _own(fake, in_fake)
    across = _sum(real, fake, in_real, in_fake)
    return within_real / (n * (n - 1)) + within_fake / (m * (m - 1)) - 2 * across / (n * m)


def _sum(x: Tensor, y: Tensor, in_x: Tensor, in_y: Tensor) -> Tensor:
    total = in_x.new_zeros(in_x.shape[1])
    for rows, members in zip(x.split(CHUNK), in_x.split(CHUNK), strict=True):
        kernel = polynomial_kernel(rows @ y.T, x.shape[1])
        total += (members * (kernel @ in_y)).sum(0)
    return total


def _own(x: Tensor, in_x: Tensor) -> Tensor:
    """The sum of k(x, x) over members: what the unbiased estimate leaves out."""
    return polynomial_kernel(x.square().sum(1), x.shape[1]) @ in_x
