"""How long captions will sound, and be spoken, before any of them is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from experiments.data.voice.choice import TEMPO, Manner

# Measured on captions of plumage by `tests/data/voice/test_estimate.py`; docs/voice.md has more.
PACE = 9.57  # letters (and spaces) times this, over words a minute, are seconds
WORK = {"espeak": 0.001, "flite": 0.03, "piper": 0.15}  # seconds of a core for one of speech


@dataclass(frozen=True)
class Estimate:
    """`seconds` of speech; `work`: seconds that one core takes to speak them."""

    captions: int
    seconds: float
    work: float


def seconds_of(text: str, words_per_minute: int) -> float:
    """About how long the caption sounds, which is known to a tenth without its voice."""
    return PACE * len(text) / words_per_minute


def mean_seconds(letters: float) -> float:
    """About how long captions of so many letters sound, at the tempos of the training split, each
    as likely as another."""
    slow, fast = TEMPO["train"]
    return PACE * letters * math.log(fast / slow) / (fast - slow)


def estimate(spoken: Iterable[tuple[str, Manner]]) -> Estimate:
    """Of captions and how they will be said."""
    count, seconds, work = 0, 0.0, 0.0
    for text, manner in spoken:
        length = seconds_of(text, manner.words_per_minute)
        count, seconds = count + 1, seconds + length
        work += length * WORK[manner.voice.partition("/")[0]]
    return Estimate(count, seconds, work)
