"""Precision, recall, density and coverage: generated and real pictures in each other's balls.

Kynkäänniemi et al. 2019 (precision and recall) and Naeem et al. 2020 (density and coverage). The
ball of a picture reaches to its k-th neighbour in its own set, itself left out; inside is what is
strictly nearer than that, as dgm-eval has it (other code takes what lies on the rim as well).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from experiments.metric.rows import RowScore, require

NEAREST = 5  # k of Naeem et al.
MOST = 10_000  # pictures of each side, as published
SCORES = "precision, recall, density, coverage"  # as the record of a score calls them
CHUNK = 1024  # rows of a matrix of distances, to bound memory


class Neighbours(NamedTuple):
    """precision: share of generated pictures inside the ball of some real one. recall: share of
    real pictures inside the ball of some generated one. density: how many real balls a generated
    picture lies in, divided by k; may exceed 1. coverage: share of real pictures whose nearest
    generated one lies in their ball. Float64 scalars."""

    precision: Tensor
    recall: Tensor
    density: Tensor
    coverage: Tensor


class NeighbourScore(RowScore):
    """`Neighbours` for any extractor.

    `feature` gives (B, d) of what `update` is shown. As many pictures of each side count, `most` at
    most, which `seed` draws where there are more: then two sets of one distribution have a density
    of 1 and a coverage of 1 - 2^-k, however many there are. `compute` raises `UserError` for k
    images or fewer on a side, and for values that are not finite.
    """

    kept = ("real_features", "fake_features")

    real_features: list[Tensor]
    fake_features: list[Tensor]

    def __init__(
        self,
        feature: nn.Module,
        k: int = NEAREST,
        most: int = MOST,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.inception, self.feature_network = feature, "inception"  # as `FeatureShare` asks for
        self.k, self.most, self.seed = k, most, seed

    def update(self, imgs: Tensor, real: bool) -> None:
        (self.real_features if real else self.fake_features).append(self.inception(imgs))

    def compute(self) -> Neighbours:
        """Of all processes' features together."""
        real, fake = self.rows()
        require(self.k + 1, {"real images": real, "generated images": fake})
        count = min(len(real), len(fake), self.most)
        generator = torch.Generator().manual_seed(self.seed)
        real, fake = (drawn(side, count, generator) for side in (real, fake))
        return neighbours(real, fake, self.k)


def counted(n_real: int, n_fake: int) -> str:
    """Of which pictures the scores of so many are, in words, for the record."""
    count = min(n_real, n_fake, MOST)
    fewer = "" if count == MOST else f"; published figures have {MOST:,}"
    some = " drawn by the seed" if count < max(n_real, n_fake) else ""
    return f"k {NEAREST}, strictly inside, {count:,} of each side{some}{fewer}"


def neighbours(real: Tensor, fake: Tensor, k: int = NEAREST) -> Neighbours:
    """Of features (n, d) and (m, d), more than k of each, in float64."""
    assert k >= 1, "a ball reaches to a neighbour"
    real, fake = real.double(), fake.double()
    balls, fake_balls = _balls(real, k), _balls(fake, k)
    inside = torch.zeros(len(fake), dtype=torch.int64)
    recalled = torch.zeros(len(real), dtype=torch.bool)
    nearest = torch.full((len(real),), torch.inf, dtype=torch.float64)
    for rows, distances in squared_distances(fake, real):
        inside[rows] = (distances < balls).sum(1)
        recalled |= (distances < fake_balls[rows, None]).any(0)
        nearest = nearest.minimum(distances.amin(0))
    return Neighbours(
        (inside > 0).double().mean(),
        recalled.double().mean(),
        inside.double().mean() / k,
        (nearest < balls).double().mean(),
    )


def squared_distances(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Of features (n, d) and (m, d) float64, rows of the n with their squared distances (c, m) from
    all of the m, not negative."""
    middle = y.mean(0).round()  # large means would cost digits; whole numbers stay exact
    x, y = x - middle, y - middle
    lengths = y.square().sum(1)
    for start in range(0, len(x), CHUNK):
        part = x[start : start + CHUNK]
        distances = torch.addmm(lengths, part, y.T, alpha=-2)
        yield (
            slice(start, start + len(part)),
            distances.add_(part.square().sum(1)[:, None]).clamp_min_(0),
        )


def drawn(features: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """So many of the rows; all of them as they are where there are no more."""
    if len(features) <= count:
        return features
    return features[torch.randperm(len(features), generator=generator)[:count]]


def _balls(features: Tensor, k: int) -> Tensor:
    """The squared distance of each picture from its k-th neighbour, (n,)."""
    assert len(features) > k, f"{len(features)} pictures have no {k} neighbours each"
    found = []
    for rows, distances in squared_distances(features, features):
        distances.diagonal(rows.start).fill_(torch.inf)
        found.append(distances.kthvalue(k, dim=1).values)
    return torch.cat(found)
