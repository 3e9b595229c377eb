"""How captions of a data set are heard: the group `data.speech`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RECORDINGS, AUTO = "recordings", "auto"


@dataclass(frozen=True)
class Speech:
    """voice: `auto` (recordings where the data have them, else espeak), `recordings`, a voice or a
    family of voices, or a list of them. unheard: whether the test split is spoken by other voices.
    captions: of a record that are heard, None for all. language: of what is spoken. seconds: kept
    of a recording at most."""

    voice: str | list[str] = AUTO
    unheard: bool = True
    captions: int | None = None
    language: str = "en"
    seconds: float = 10.0


def speech_of(data: Mapping[str, Any]) -> Speech:
    """Of the group `data` of a configuration; those of before have none."""
    return Speech(**(data.get("speech") or {}))
