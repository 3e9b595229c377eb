"""Fréchet distance between two sets of features, its root exact and in float64.

Heusel et al. 2017, eq. 6: |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)).

The trace of the square root needs no square root of the product. Write S1 = A'A and S2 = B'B; the
eigenvalues of S1 S2 are the squared singular values of A B', so the trace is their sum. A factor
with few rows makes this cheap: centred features where images are fewer than dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from experiments.metric.result import Undefined
from experiments.metric.rows import all_rows
from experiments.terminal.error import UserError

CALLED = {"real": "real", "fake": "generated"}


class Gaussian(NamedTuple):
    """Mean (d,) and a factor F (r, d) of the covariance F'F, float64."""

    mean: Tensor
    factor: Tensor


class FrechetDistance(FrechetInceptionDistance):
    """torchmetrics' FID for any extractor, with the exact root; a float64 scalar, not negative.

    `feature` gives (B, d) of what `update` is shown; it has `num_features`, or is asked once with a
    picture of 299 px. `compute` raises `UserError` for fewer than two images on a side (no
    covariance) and for values that are not finite. The distance is biased upwards at small counts:
    report both counts beside it. It is FID with the weights of 2015 alone.

    >>> import torch
    >>> from experiments.metric import EfficientNetExtractor, FrechetDistance
    >>> frechet = FrechetDistance(EfficientNetExtractor(input_size=32))
    >>> dark, bright = torch.rand(2, 16, 3, 32, 32) - torch.tensor([1.0, 0.0]).view(2, 1, 1, 1, 1)
    >>> for pictures in dark.split(8):  # (B, 3, H, W) in [-1, 1], or uint8
    ...     frechet.update(pictures, real=True)
    >>> frechet.update(bright, real=False)
    >>> bool(frechet.compute() > 1)
    True
    """

    real_few: list[Tensor]
    fake_few: list[Tensor]

    def __init__(self, feature: nn.Module, **options: Any) -> None:
        """`options`: those of torchmetrics' class, for `feature` modules."""
        super().__init__(feature, **options)
        for side in ("real", "fake"):
            self.add_state(f"{side}_few", [], dist_reduce_fx="cat")

    def update(self, imgs: Tensor, real: bool) -> None:
        """Adds to torchmetrics' sums, and keeps the features while they are fewer than d."""
        features, side = self.inception(imgs), "real" if real else "fake"
        wide, few = features.double(), getattr(self, f"{side}_few")
        count = getattr(self, f"{side}_features_num_samples").add_(len(features))
        getattr(self, f"{side}_features_sum").add_(wide.sum(0))
        getattr(self, f"{side}_features_cov_sum").addmm_(wide.T, wide)
        few.append(features)
        if count >= features.shape[1]:
            few[:] = [features[:0]]

    def reset(self) -> None:
        """`reset_real_features=False` keeps the few features, too."""
        kept = self.real_few
        super().reset()
        if not self.reset_real_features:
            self.real_few = kept

    def compute(self) -> Tensor:
        """Of all processes' features together, on the CPU."""
        return frechet_distance(self._gaussian("real"), self._gaussian("fake"))

    def _gaussian(self, side: str) -> Gaussian:
        n = int(getattr(self, f"{side}_features_num_samples"))
        if n < 2:
            raise UserError(f"{n} of the 2 {CALLED[side]} images that are needed")
        mean = getattr(self, f"{side}_features_sum").cpu() / n
        if not mean.isfinite().all():
            raise Undefined(f"some {CALLED[side]} images gave NaN or infinity")
        few = all_rows(getattr(self, f"{side}_few"))
        if len(few) == n < len(mean):
            return gaussian(few)
        squares = getattr(self, f"{side}_features_cov_sum").cpu()
        return Gaussian(mean, factor_of((squares - n * torch.outer(mean, mean)) / (n - 1)))


def gaussian(features: Tensor) -> Gaussian:
    """Of features (n, d), n >= 2. Where n < d, the centred features are the factor: smaller and
    more accurate than any computed from the covariance."""
    mean = features.double().mean(0)
    centred = (features.double() - mean) / (len(features) - 1) ** 0.5
    few = len(features) < len(mean)
    return Gaussian(mean, centred if few else factor_of(centred.T @ centred))


def frechet_distance(real: Gaussian, fake: Gaussian) -> Tensor:
    """Float64 scalar, not negative."""
    assert real.mean.shape == fake.mean.shape, "features of different extractors"
    traces = real.factor.square().sum() + fake.factor.square().sum()
    distance = (real.mean - fake.mean).square().sum() + traces
    return (distance - 2 * trace_of_root(real.factor, fake.factor)).clamp_min(0)


def trace_of_root(first: Tensor, second: Tensor) -> Tensor:
    """Tr (S1 S2)^(1/2), the sum of the singular values of A B', for factors A and B (r, d) of
    S1 = A'A and S2 = B'B."""
    product = first @ second.T
    if min(product.shape) < first.shape[1]:
        return _solved(torch.linalg.svdvals, _singular_values, product).sum()
    # Full rank: twice as fast, as exact.
    return eigenvalues(product @ product.T).clamp_min(0).sqrt().sum()


def eigenvalues(matrix: Tensor) -> Tensor:
    """Of a symmetric matrix (d, d), in ascending order."""
    return _solved(torch.linalg.eigvalsh, np.linalg.eigvalsh, matrix)  # type: ignore[no-any-return]


def factor_of(covariance: Tensor) -> Tensor:
    """F (r, d) with F'F the covariance: Cholesky, or eigenvectors where the rank is not full."""
    covariance = (covariance + covariance.T) / 2
    lower, info = torch.linalg.cholesky_ex(covariance)
    pivots = lower.diagonal()
    if info.item() == 0 and pivots.min() > 1e-6 * pivots.max():
        return lower.T
    # Rounding leaves eigenvalues of order eps where the rank ends; their roots, of order 1e-8,
    # would add up, so they are dropped and not only clamped at zero.
    values, vectors = _solved(torch.linalg.eigh, np.linalg.eigh, covariance)
    least = values[-1] * len(values) * torch.finfo(torch.float64).eps
    kept = values > least
    return values[kept].sqrt()[:, None] * vectors[:, kept].T


def _solved(first: Callable[[Tensor], Any], second: Callable[..., Any], matrix: Tensor) -> Any:
    """What PyTorch's LAPACK finds; where its iteration gives up, as it does on covariances with
    many zeros, what NumPy's does, which is another one."""
    try:
        return first(matrix)
    except torch.linalg.LinAlgError:
        found = second(matrix.detach().cpu().double().numpy())
    if isinstance(found, np.ndarray):
        return torch.from_numpy(found).to(matrix.device)
    return [torch.from_numpy(part).to(matrix.device) for part in found]


def _singular_values(matrix: np.ndarray) -> np.ndarray:
    return np.linalg.svd(matrix, compute_uv=False)
