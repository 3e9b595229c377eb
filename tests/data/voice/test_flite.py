"""Flite by its command; where that is missing, what is said."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from experiments.data.voice import check, flite, speak, version_of
from experiments.terminal.error import BadInput, UserError
from tests.data.voice.heard import median_pitch

CAPTION = "this small bird has a red head and a white belly"
here = pytest.mark.skipif(shutil.which("flite") is None, reason="needs Debian's flite")


@here
@pytest.mark.parametrize(
    ("name", "rate", "seconds"), [("kal", 8000, 2.25), ("kal16", 16000, 2.25), ("slt", 16000, 2.54)]
)
def test_its_voices_speak(name: str, rate: int, seconds: float) -> None:
    wave, found = speak(f"flite/{name}", CAPTION)
    assert (found, wave.dtype, wave.ndim) == (rate, np.float32, 1)
    assert len(wave) / rate == pytest.approx(seconds, rel=0.02)
    assert (speak(f"flite/{name}", CAPTION)[0] == wave).all()


@here
def test_tempo_and_pitch() -> None:
    own = speak("flite/slt", CAPTION)
    slow = speak("flite/slt", CAPTION, words_per_minute=100)
    high = speak("flite/slt", CAPTION, pitch=75)
    assert len(slow[0]) / len(own[0]) == pytest.approx(1.75, rel=0.05)
    assert len(high[0]) == len(own[0])
    assert median_pitch(*high) / median_pitch(*own) == pytest.approx(2**0.5, rel=0.1)


@here
def test_text_is_no_option_and_no_file() -> None:
    own = speak("flite/kal", "version")[0]
    assert speak("flite/kal", "--version")[0].size >= own.size
    assert speak("flite/kal", "/etc/hostname")[0].size > own.size
    assert version_of("flite/kal").startswith("flite-2")
    check("flite/kal")


@here
def test_unknown_voices_are_not_spoken_by_another() -> None:
    for voice in ("flite/nonsense", "flite/awb_time", "flite//tmp/voice.flitevox"):
        with pytest.raises(UserError, match="flite has no such voice"):
            check(voice)
    with pytest.raises(UserError, match="flite speaks en-us alone"):
        check("flite/slt", "fr")


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where a program lies that is found in place of flite."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    yield tmp_path / "flite"
    flite._program.cache_clear()


def written(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    flite._program.cache_clear()


def test_what_flite_may_do_wrong(another: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite, "SECONDS", 0.5)
    monkeypatch.setattr(flite, "BYTES", 1000)
    written(another, "echo broken >&2; exit 3")
    with pytest.raises(BadInput, match="broken"):
        speak("flite/slt", "a bird")
    written(another, "exec sleep 9")
    with pytest.raises(BadInput, match="not done"):
        speak("flite/slt", "a bird")
    written(another, 'for last; do :; done; printf RIFF > "$last"')
    with pytest.raises(BadInput, match="no sound"):
        speak("flite/slt", "a bird")
    written(another, 'for last; do :; done; head -c 1001 /dev/zero > "$last"')
    with pytest.raises(BadInput, match="five minutes"):
        speak("flite/slt", "a bird")
    monkeypatch.setenv("PATH", str(another.parent / "nowhere"))
    flite._program.cache_clear()
    with pytest.raises(UserError, match="apt install flite"):
        speak("flite/slt", "a bird")
