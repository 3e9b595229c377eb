"""How scores were measured: recorded next to every score, so that two numbers can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.terminal.line import number_of

FEW = 4  # voices that are named one by one


@dataclass(frozen=True)
class Protocol:
    """Everything that moves a score without moving the generator.

    n_real, n_fake: images on each side. split: of the real images. crop: how real images were cut
    (`box` or `whole`, and the margin). resize: per extractor, input size and filter. weights: per
    extractor or encoder, the hash of its weights. seed: of noise, captions, subsets, splits and
    distractors. captions_per_image: how many captions of each real image were drawn from.
    real_baseline: what the score of real images beside each distance compares.

    What published numbers of one name differ in; empty where it does not apply, or was not recorded
    by the version that scored: family: per extractor, of the Fréchet distances that people call
    FID. dimensions: per extractor, of its features. resolution: px of the pictures that were
    scored. captions: whether a caption came once. truncation: of the noise, "none" or by how much.
    rounding: of generated pictures. averaged: whether the weights are a moving average. state:
    which of a run's weights they are, and who chose.
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
    family: dict[str, str] = field(default_factory=dict)
    dimensions: dict[str, int] = field(default_factory=dict)
    resolution: int | None = None
    captions: str = ""
    truncation: str = ""
    rounding: str = ""
    averaged: str = ""
    state: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def averaged_as(halflife: int | None) -> str:
    """`Protocol.averaged` of a run by its `trainer.ema_halflife`."""
    return "none" if halflife is None else f"half-life {number_of(halflife, 'image', ',')}"


def captions_as(samples: int, counts: np.ndarray) -> str:
    """`Protocol.captions` of `real.captions_for` where pictures have so many captions (N,)."""
    once = samples <= len(counts) * int(counts.min())
    return f"{'each at most once' if once else 'some more than once'}, of all pictures in turn"


def heard_as(hearing: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of `Protocol.extra` is said of spoken captions: the front-end, the voices on both sides
    and whether they are others. `hearing`: of the data set, None for captions that are read."""
    if hearing is None:
        return {}
    voices = hearing.get("voices")
    found: dict[str, Any] = {"front-end": _told(hearing["frontend"])}
    if not isinstance(voices, Mapping):  # people's own, each a caption's
        return found | {"voices": str(voices)}
    train, test = (list(voices[side]) for side in ("train", "test"))
    known = sorted(set(train) & set(test))
    said = "none" if not known else f"{len(known)} of {len(set(test))}"
    return found | {
        "voices heard in training": _named(train),
        "voices of the test": _named(test),
        "voices of the test that training heard": said,
    }


def _named(voices: list[str]) -> str:
    """Voices by name, many by how many of each family; `facts.json` names them all."""
    if len(voices) <= FEW:
        return ", ".join(voices)
    families = Counter(voice.partition("/")[0] for voice in voices)
    return ", ".join(f"{count} of {family}" for family, count in sorted(families.items()))


def _told(frontend: Any) -> str:
    """A front-end in words: its class and what it is made with."""
    if not isinstance(frontend, Mapping):
        return str(frontend)
    made = ", ".join(f"{key} {value}" for key, value in frontend.items() if key != "class")
    return f"{frontend.get('class', '')} ({made})" if made else str(frontend.get("class", ""))
