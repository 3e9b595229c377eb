"""AuthPct: are generated pictures copies of training pictures?

Alaa et al. 2022 (authenticity), as dgm-eval counts: a generated picture is authentic where it is
farther from its nearest training picture than that one is from its own nearest.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from experiments.metric.neighbour import squared_distances
from experiments.metric.rows import RowScore, require


class Authentic(NamedTuple):
    """The share of pictures that are authentic, and each of them (n,), 1 or 0; float64."""

    mean: Tensor
    each: Tensor


class Authenticity(RowScore):
    """`Authentic` for any extractor.

    `feature` gives (B, d) of what `update` is shown. Compare with the share among real pictures
    that were not trained on: far below it there are copies. Above it nothing is better, since
    pictures that look like nothing are far from everything. `compute` raises `UserError` without a
    picture, or with fewer than two of training, and for values that are not finite.
    """

    kept = ("training_features", "features")

    training_features: list[Tensor]
    features: list[Tensor]

    def __init__(self, feature: nn.Module, **options: Any) -> None:
        super().__init__(**options)
        self.inception, self.feature_network = feature, "inception"  # as `FeatureShare` asks for

    def update(self, imgs: Tensor, of: Literal["training", "images"] = "images") -> None:
        """Pictures of the training split, or those that may be copies of them."""
        kept = self.training_features if of == "training" else self.features
        kept.append(self.inception(imgs))

    def compute(self) -> Authentic:
        """Of all processes' features together."""
        training, features = self.rows()
        require(2, {"training images": training})
        require(1, {"images": features})
        return authentic(training, features)


def authentic(training: Tensor, features: Tensor) -> Authentic:
    """Of features (n, d), n >= 2, and (m, d), in float64."""
    training, features = training.double(), features.double()
    found = [distances.min(1) for _, distances in squared_distances(features, training)]
    away, nearest = (torch.cat([part[side] for part in found]) for side in (0, 1))
    asked, place = nearest.unique(return_inverse=True)  # of others nobody wants to know
    own = []
    for rows, distances in squared_distances(training[asked], training):
        distances.scatter_(1, asked[rows, None], torch.inf)
        own.append(distances.amin(1))
    each = (away > torch.cat(own)[place]).double()
    return Authentic(each.mean(), each)
