"""How captions of a data set are heard: the group `data.speech`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.data.record import Reader, has_of
from experiments.data.voice.choice import Voices, voices_of
from experiments.terminal.error import UserError

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


def speakers(speech: Speech, reader: Reader, name: str) -> Voices | None:
    """Who speaks the captions of a data set of this name; None where it has recordings of them.

    Raises `UserError` where nobody can, before anything is spoken.
    """
    has, wanted = getattr(reader, "records_speech", False), speech.voice
    if wanted == RECORDINGS and not has:
        raise UserError(
            f"data.speech.voice={RECORDINGS}: {name} has no recordings of its captions; "
            "data.speech.voice=espeak speaks them"
        )
    if wanted == RECORDINGS or (wanted == AUTO and has):
        return None
    if "caption" not in has_of(reader):
        raise UserError(f"data: {name} has neither captions nor recordings to hear")
    return voices_of("espeak" if wanted == AUTO else wanted, speech.unheard)
