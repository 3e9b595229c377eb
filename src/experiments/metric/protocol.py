"""How scores were measured: recorded next to every score, so that two numbers can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Protocol:
    """Everything that moves a score without moving the generator.

    n_real, n_fake: images on each side. split: of the real images. crop: how real images were cut
    (`box` or `whole`, and the margin). resize: per extractor, input size and filter. weights: per
    extractor or encoder, the hash of its weights. seed: of noise, captions, subsets, splits and
    distractors. captions_per_image: how many captions of each real image were drawn from.
    real_baseline: what the score of real images beside each distance compares.
    """

    n_real: int
    n_fake: int
    split: str
    crop: str
    resize: dict[str, str]
    weights: dict[str, str]
    seed: int
    captions_per_image: int
    real_baseline: str = "two random halves of the real images"
    extra: dict[str, Any] = field(default_factory=dict)
