"""A classifier over an image trunk: class, attributes, and the features of scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor, nn

from experiments.encoder.part import PartCNN, attend, gaze

CLASS = "class"


class Classifier(nn.Module):
    """One linear head per attribute.

    An attribute of a part, `local_attributes`, is read from one learned place of the picture alone,
    so that what other parts look like cannot stand in for it. The others see the pooled features.
    """

    def __init__(
        self,
        image: nn.Module,
        attribute_values: Mapping[str, int] | None = None,
        num_classes: int | None = None,
        local_attributes: Sequence[str] = (),
        score_attribute: str | None = None,
        moving_attributes: Sequence[str] = (),
    ) -> None:
        """`attribute_values`: number of values of each attribute; `num_classes` adds "class".

        `moving_attributes`: those that clips show and no picture, which it does not read.
        `local_attributes` need a `PartCNN`; with another trunk they are read as the others are.
        `score_attribute` is the head whose logits scores use: "class" where there is one, else the
        first.
        """
        super().__init__()
        known = dict(attribute_values or {})
        sizes = {name: size for name, size in known.items() if name not in moving_attributes}
        # Of the attributes of the data, where those stand that are read.
        self.columns = [place for place, name in enumerate(known) if name in sizes]
        if num_classes is not None:
            assert CLASS not in sizes, f"{CLASS!r} is given twice"
            sizes[CLASS] = num_classes
        assert sizes, "give attribute_values, num_classes, or both"
        assert set(local_attributes) <= set(sizes), "a local attribute that is none of them"
        self.sizes = sizes
        self.score_attribute = score_attribute or (CLASS if CLASS in sizes else next(iter(sizes)))
        assert self.score_attribute in sizes, f"no head is called {self.score_attribute!r}"
        self.image = image
        self.local_attributes = list(local_attributes) if isinstance(image, PartCNN) else []
        self.feature_dim = int(image.pooled_channels)  # type: ignore[arg-type]
        self.heads = nn.ModuleDict(
            {name: nn.Linear(self.width_of(name), size) for name, size in sizes.items()}
        )
        self.places = (
            gaze(int(image.region_channels), len(self.local_attributes))  # type: ignore[arg-type]
            if self.local_attributes
            else None
        )

    def width_of(self, name: str) -> int:
        """Of the features that an attribute is read from: of one place, or of all of them."""
        if name in self.local_attributes:
            return int(self.image.local_channels)  # type: ignore[arg-type]
        return self.feature_dim

    def told(self, attributes: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Of the attributes (B, A) of records those that it reads, (B,) each, by name."""
        for name, column in zip(self.sizes, self.columns, strict=True):
            yield name, attributes[:, column]

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """images: (batch, 3, H, W) in [-1, 1]. Logits (batch, values) of every attribute."""
        return self.read(images)[1]

    def features_and_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (batch, feature_dim) and the logits of `score_attribute` (batch, values)."""
        features, logits = self.read(images)
        return features, logits[self.score_attribute]

    def features(self, images: Tensor) -> Tensor:
        """Features alone (batch, feature_dim)."""
        return self.read(images)[0]

    def read(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Features (batch, feature_dim) and the logits of every attribute, in one pass."""
        pooled, seen = self.seen(images)
        return pooled, self.answers(pooled, seen)

    def seen(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What the heads read: features (batch, feature_dim), and for each local attribute those of
        its place (batch, local_channels)."""
        if self.places is None:
            return self.image(images)[1], {}
        trunk = self.image
        assert isinstance(trunk, PartCNN)
        places = trunk.places(images)
        local = places[:, : trunk.local_channels]
        pooled = trunk.pooled(places)
        parts = attend(self.places(places), local)
        return pooled, dict(zip(self.local_attributes, parts.unbind(1), strict=True))

    def answers(self, pooled: Tensor, seen: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The logits of every attribute, of what `seen` gave."""
        return {name: head(seen.get(name, pooled)) for name, head in self.heads.items()}


class FineTuned(Classifier):
    """A classifier of classes alone, whose trunk is trained on, from the weights that it has.

    With `system.split=test` it is what published Inception Scores of CUB and Oxford-102 were
    measured with: a network that has seen the test pictures (Zhang et al. 2017, §4.1).
    """

    def __init__(self, image: nn.Module, class_count: int) -> None:
        """`class_count`: classes of both splits, so that labels are what they are everywhere."""
        super().__init__(image.requires_grad_(True), num_classes=class_count)
