"""A classifier of clips: what they show, and how it moves; or their class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from experiments.clip.form import ClipForm
from experiments.encoder.classifier import Classifier
from experiments.encoder.moving import MovingCNN
from experiments.encoder.part import attend


class VideoClassifier(Classifier):
    """A `Classifier` of clips (B, C, T, H, W) in place of pictures, which reads all attributes.

    Over a `MovingCNN` those that only clips show are read from its features of motion, so that what
    a thing looks like cannot stand in for what it does; those of parts from one learned place of
    one frame; the others from all features. Over another trunk all are read from all features.
    """

    def __init__(
        self,
        form: ClipForm,
        image: nn.Module,
        attribute_values: Mapping[str, int] | None = None,
        num_classes: int | None = None,
        local_attributes: Sequence[str] = (),
        moving_attributes: Sequence[str] = (),
        score_attribute: str | None = None,
    ) -> None:
        """`form`: of what clips it is; `image`: a trunk that takes these. The others are those of
        `Classifier`."""
        moving = isinstance(image, MovingCNN)
        self.moving_attributes = list(moving_attributes) if moving else []
        super().__init__(image, attribute_values, num_classes, local_attributes, score_attribute)
        self.form = form

    def width_of(self, name: str) -> int:
        if name in self.moving_attributes:
            return int(self.image.moving_channels)  # type: ignore[arg-type]
        return super().width_of(name)

    def seen(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        trunk = self.image
        if not isinstance(trunk, MovingCNN):
            return super().seen(images)
        places, pooled = trunk.seen(images)
        motion = pooled[:, -trunk.moving_channels :]
        found = dict.fromkeys(self.moving_attributes, motion)
        if self.places is not None:
            parts = attend(self.places(places), places[:, : trunk.local_channels])
            found |= zip(self.local_attributes, parts.unbind(1), strict=True)
        return pooled, found

    def content(self, clips: Tensor) -> Tensor:
        """Features (B, d) without those of motion, where these are apart."""
        found = self.features(clips)
        trunk = self.image
        return found[:, : -trunk.moving_channels] if isinstance(trunk, MovingCNN) else found
