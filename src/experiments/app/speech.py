"""Captions that a voice says, for models that listen."""

from __future__ import annotations

import numpy as np

from experiments.app.refusal import Refused, refusing
from experiments.data.voice import speak


def spoken(caption: str, voice: str | None) -> tuple[np.ndarray, int]:
    """float32 (N,) and its rate. Raises `Refused` without a voice, and where it cannot speak."""
    if voice is None:
        raise Refused("this model listens; give it a recording")
    with refusing("voice"):
        return speak(voice, caption)
