"""Recordings."""

from __future__ import annotations

import random

import numpy as np

from tests.fuzz.target import Target, put, told
from tests.hostile.sounds import KINDS, encoded

RATE, SECONDS = 16_000, 1.0


def _sound(content: bytes) -> None:
    from experiments.frontend.wave import read_wave

    path = put("sound", content)
    with told():
        wave = read_wave(path, RATE, SECONDS)
        assert wave.dtype == np.float32 and wave.ndim == 1 and 0 < len(wave) <= RATE * SECONDS + 1
        assert np.isfinite(wave).all()


def _sounds() -> list[bytes]:
    draw = random.Random(0)
    return [encoded(draw, kind, 8000, 2 if "GSM" not in kind else 1, 0.05) for kind in KINDS]


TARGETS = [Target("sound", "recordings: wav, flac, ogg, mp3, aiff", _sound, _sounds)]
