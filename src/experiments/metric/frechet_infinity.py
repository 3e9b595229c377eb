"""FD∞: what the Fréchet distance would be of endlessly many generated pictures.

Chong & Forsyth 2020, as dgm-eval computes it: the distance grows in proportion to 1/N as
the N generated pictures become fewer, so a line through distances of several N meets it at 1/N = 0.
The real pictures stay all of them: their number still counts.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from experiments.metric.frechet import eigenvalues, gaussian
from experiments.metric.rows import RowScore, require

SIZES = 15  # numbers of pictures that the line goes through
LEAST = 3  # generated pictures, since a line needs two sizes and a covariance two pictures


class FrechetInfinity(RowScore):
    """FD∞ for any extractor, a float64 scalar; it may lie a little below zero.

    `feature` gives (B, d) of what `update` is shown. `compute` raises `UserError` for fewer than d
    generated images, among which the distance is no line in 1/N and what is read off it misleads
    (this project's bound), for fewer than two real ones, and for values that are not finite.
    """

    higher_is_better = False
    kept = ("real_features", "fake_features")

    real_features: list[Tensor]
    fake_features: list[Tensor]

    def __init__(self, feature: nn.Module, seed: int = 0, **options: Any) -> None:
        """`seed` draws the pictures of each size."""
        super().__init__(**options)
        self.inception, self.feature_network = feature, "inception"  # as `FeatureShare` asks for
        self.seed = seed

    def update(self, imgs: Tensor, real: bool) -> None:
        (self.real_features if real else self.fake_features).append(self.inception(imgs))

    def compute(self) -> Tensor:
        """Of all processes' features together."""
        real, fake = self.rows()
        require(2, {"real images": real})
        least = max(LEAST, fake.shape[-1])  # as many as there are features
        require(least, {"generated images": fake})
        return frechet_infinity(real, fake, self.seed)


def sizes_of(count: int) -> list[int]:
    """Evenly from a tenth of so many pictures, at least 2 and at most 5,000, to all of them."""
    least = min(5000, max(count // 10, 2))
    return [int(size) for size in torch.linspace(least, count, SIZES, dtype=torch.float64)]


def frechet_infinity(real: Tensor, fake: Tensor, seed: int = 0) -> Tensor:
    """Of features (n, d), n >= 2, and (m, d), m >= 3; a float64 scalar."""
    assert len(real) >= 2 and len(fake) >= LEAST, "a covariance and a line"
    sizes = sizes_of(len(fake))
    values = frechet_distances(real, fake, sizes, seed)
    x = 1 / torch.tensor(sizes, dtype=torch.float64)
    away = x - x.mean()
    slope = (away * values).sum() / away.square().sum()
    return values.mean() - slope * x.mean()


def frechet_distances(real: Tensor, fake: Tensor, sizes: list[int], seed: int = 0) -> Tensor:
    """`frechet_distance` of all real features (n, d) and random ones of (m, d), of each size; (s,)
    float64. One product of the features serves all sizes: with F the features of some of them, the
    singular values of A F', centred over them, are what the root of the covariances is made of."""
    of_real, fake = gaussian(real), fake.double()
    fake = fake - of_real.mean
    product, lengths = of_real.factor @ fake.T, fake.square().sum(1)
    trace = of_real.factor.square().sum()
    generator, found = torch.Generator().manual_seed(seed), []
    for size in sizes:
        rows = torch.randperm(len(fake), generator=generator)[:size]
        mean = fake[rows].mean(0)
        apart = mean.square().sum()  # of the two means
        part = product[:, rows]
        part = part - part.mean(1, keepdim=True)
        square = part.T @ part if size < len(part) else part @ part.T
        roots = eigenvalues(square / (size - 1)).clamp_min(0).sqrt().sum()
        own = (lengths[rows].sum() - size * apart) / (size - 1)
        found.append((apart + trace + own - 2 * roots).clamp_min(0))
    return torch.stack(found)
