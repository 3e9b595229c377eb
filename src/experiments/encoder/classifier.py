"""A classifier over an image trunk: class, attributes, and the features of scores."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

CLASS = "class"


class Classifier(nn.Module):
    """One linear head per attribute on the pooled features of a trunk."""

    def __init__(
        self,
        image: nn.Module,
        attribute_values: Mapping[str, int] | None = None,
        num_classes: int | None = None,
        region_mean: bool = False,
        score_attribute: str | None = None,
    ) -> None:
        """`attribute_values`: number of values of each attribute; `num_classes` adds "class".

        `region_mean` appends the mean of the regions to the features: useful where the pooled
        vector of a trunk trained elsewhere has forgotten colour. `score_attribute` is the head
        whose logits scores use: "class" where there is one, else the first.
        """
        super().__init__()
        sizes = dict(attribute_values or {})
        if num_classes is not None:
            assert CLASS not in sizes, f"{CLASS!r} is given twice"
            sizes[CLASS] = num_classes
        assert sizes, "give attribute_values, num_classes, or both"
        self.sizes = sizes
        self.score_attribute = score_attribute or (CLASS if CLASS in sizes else next(iter(sizes)))
        assert self.score_attribute in sizes, f"no head is called {self.score_attribute!r}"
        self.image = image
        self.region_mean = region_mean
        self.feature_dim = int(image.pooled_channels)  # type: ignore[arg-type]
        if region_mean:
            self.feature_dim += int(image.region_channels)  # type: ignore[arg-type]
        # The heads side by side in one matrix: one product, whatever the number of attributes.
        self.heads = nn.Linear(self.feature_dim, sum(sizes.values()))

    def features(self, images: Tensor) -> Tensor:
        """images: (batch, 3, H, W) in [-1, 1]; returns (batch, feature_dim)."""
        regions, pooled = self.image(images)
        if self.region_mean:
            pooled = torch.cat((pooled, regions.mean(2)), dim=1)
        return pooled

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (batch, values) of every attribute, by name."""
        return self._split(self.heads(self.features(images)))

    def features_and_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (batch, feature_dim) and the logits of `score_attribute` (batch, values)."""
        features = self.features(images)
        return features, self._split(self.heads(features))[self.score_attribute]

    def _split(self, logits: Tensor) -> dict[str, Tensor]:
        return dict(zip(self.sizes, logits.split(list(self.sizes.values()), dim=1), strict=True))
