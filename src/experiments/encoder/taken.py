"""What a classifier takes of a record, its picture or its sound, and where it finds that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from experiments.data.view.base import Part, View, part_of
from experiments.data.view.picture import Pictures, PictureView
from experiments.data.view.sound import Sounds, SoundView
from experiments.encoder.classifier import Classifier
from experiments.encoder.sound_classifier import SoundClassifier


def view_of(network: Classifier, resolutions: Sequence[int]) -> View:
    """The view of what it takes; `resolutions` of pictures, where it takes these."""
    if isinstance(network, SoundClassifier):
        return SoundView(network.excerpt)
    return PictureView(resolutions)


def taken_by(network: Classifier, parts: Mapping[str, Part]) -> Tensor:
    """Of the views of records what it takes: sounds (B, *shape), or the largest pictures
    (B, 3, H, W)."""
    if isinstance(network, SoundClassifier):
        return part_of(parts, Sounds).values
    return part_of(parts, Pictures).images[-1]


def cut_as(network: Classifier, size: int, stored: int) -> str:
    """How what it takes was cut, for the record of a score; pictures of `size` px of `stored`."""
    if isinstance(network, SoundClassifier):
        return f"{network.excerpt.seconds:g} s of sound"
    return f"central {size} of {stored} px"
