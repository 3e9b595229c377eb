"""Fréchet distance between two sets of features, exact and in float64.

Heusel et al. 2017, eq. 6: |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)).

The trace of the square root needs no square root of the product. Write S1 = A'A and S2 = B'B; the
eigenvalues of S1 S2 are the squared singular values of A B', so the trace is their sum. A factor
with few rows makes this cheap: centred features where images are fewer than dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.file.array import load_arrays, save_arrays
from experiments.terminal.error import UserError

CHUNK = 1024


@dataclass(frozen=True)
class Moments:
    """Count, mean (d,) and unbiased covariance (d, d) of features, all float64.

    `centred` (n, d) holds features minus mean while n <= d: a factor of the covariance that is
    smaller and more accurate than any computed from it. The covariance of one row is zero.
    """

    n: int
    mean: Tensor
    covariance: Tensor
    centred: Tensor | None = None

    @staticmethod
    def of(features: Tensor) -> Moments:
        """Moments of features (n, d), n >= 1, taken in chunks so that float64 copies stay small."""
        assert features.ndim == 2 and len(features), f"features are (n, d): {tuple(features.shape)}"
        n, d = features.shape
        mean = torch.zeros(d, dtype=torch.float64, device=features.device)
        for chunk in features.split(CHUNK):
            mean += chunk.double().sum(0)
        mean /= n
        scatter = torch.zeros(d, d, dtype=torch.float64, device=features.device)
        for chunk in features.split(CHUNK):
            shifted = chunk.double() - mean
            scatter.addmm_(shifted.T, shifted)
        centred = features.double() - mean if n <= d else None
        return Moments(n, mean, scatter / max(n - 1, 1), centred)

    def merge(self, other: Moments) -> Moments:
        """Moments of both sets together (the pairwise update of Chan et al. 1979)."""
        assert self.mean.shape == other.mean.shape, "features of different extractors"
        n = self.n + other.n
        shift = other.mean - self.mean
        mean = self.mean + shift * (other.n / n)
        scatter = self.covariance * (self.n - 1) + other.covariance * (other.n - 1)
        scatter = scatter + torch.outer(shift, shift) * (self.n * other.n / n)
        centred = None
        if self.centred is not None and other.centred is not None and n <= len(mean):
            rows = (self.centred + (self.mean - mean), other.centred + (other.mean - mean))
            centred = torch.cat(rows)
        return Moments(n, mean, scatter / max(n - 1, 1), centred)

    def save(self, path: Path) -> None:
        """Write an npz file: statistics of real images are computed once per protocol."""
        arrays = {"n": np.array(self.n), "mean": self.mean.cpu().numpy()}
        arrays["covariance"] = self.covariance.cpu().numpy()
        if self.centred is not None:
            arrays["centred"] = self.centred.cpu().numpy()
        save_arrays(path, arrays)

    @staticmethod
    def load(path: Path) -> Moments:
        """Read what `save` wrote. Raises `UserError` for a file that is something else."""
        arrays = load_arrays(path)
        if (
            not {"n", "mean", "covariance"}
            <= arrays.keys()
            <= {"n", "mean", "covariance", "centred"}
        ):
            raise UserError(f"{path} holds no feature statistics: delete it to compute them again")
        tensors = {key: torch.from_numpy(value) for key, value in arrays.items() if key != "n"}
        return Moments(int(arrays["n"]), **tensors)


def frechet_distance(real: Tensor | Moments, fake: Tensor | Moments) -> float:
    """Fréchet distance of features (n, d) and (m, d), or of their moments. Not negative.

    Raises `UserError` for fewer than two images on a side (no covariance) and for values that are
    not finite. The distance is biased upwards at small n and m: report both beside it.
    """
    first = real if isinstance(real, Moments) else _moments(real, "real")
    second = fake if isinstance(fake, Moments) else _moments(fake, "generated")
    for side, moments in (("real", first), ("generated", second)):
        if moments.n < 2:
            raise UserError(f"the Fréchet distance needs two {side} images or more: {moments.n}")
        if not torch.isfinite(moments.covariance).all():
            raise UserError(f"features of {side} images are not finite: look at those images")
    assert first.mean.shape == second.mean.shape, "features of different extractors"
    distance = (first.mean - second.mean).square().sum()
    distance += first.covariance.trace() + second.covariance.trace()
    return max((distance - 2 * trace_of_root(first, second)).item(), 0.0)


def trace_of_root(first: Moments, second: Moments) -> Tensor:
    """Tr (S1 S2)^(1/2), the sum of the singular values of A B' for S1 = A'A and S2 = B'B."""
    a, b = _factor(first), _factor(second)
    product = a @ b.T
    if min(a.shape[0], b.shape[0]) < len(first.mean):
        return torch.linalg.svdvals(product).sum()
    eigenvalues = torch.linalg.eigvalsh(product @ product.T)  # full rank: twice as fast, as exact
    return eigenvalues.clamp_min(0).sqrt().sum()


def _moments(features: Tensor, side: str) -> Moments:
    if len(features) < 2:
        raise UserError(f"the Fréchet distance needs two {side} images or more: {len(features)}")
    return Moments.of(features)


def _factor(moments: Moments) -> Tensor:
    """F (r, d) with F'F the covariance: centred features, else Cholesky, else eigenvectors."""
    if moments.centred is not None:
        return moments.centred / (moments.n - 1) ** 0.5
    covariance = (moments.covariance + moments.covariance.T) / 2
    lower, info = torch.linalg.cholesky_ex(covariance)
    pivots = lower.diagonal()
    if info.item() == 0 and pivots.min() > 1e-6 * pivots.max():
        return lower.T
    # Rounding leaves eigenvalues of order eps where the rank ends; their roots, of order 1e-8,
    # would add up, so they are dropped and not only clamped at zero.
    eigenvalues, vectors = torch.linalg.eigh(covariance)
    least = eigenvalues[-1] * len(eigenvalues) * torch.finfo(torch.float64).eps
    kept = eigenvalues > least
    return eigenvalues[kept].sqrt()[:, None] * vectors[:, kept].T
