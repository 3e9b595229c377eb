"""Sound in files: whatever they are, a wave or a few words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.frontend.wave import read_wave

soundfile = pytest.importorskip("soundfile")  # the extra `speech`


def tone(rate: int = 16000, seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype("f4")


def near(found: np.ndarray, wanted: np.ndarray, most: float = 2e-3) -> None:
    """The same sound, apart from the first and last hundredth of a second."""
    assert found.dtype == np.float32 and found.ndim == 1 and len(found) == len(wanted)
    assert np.abs(found - wanted)[200:-200].max() < most


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "aiff"])
@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_every_kind_and_rate_gives_the_same_sound(kind: str, rate: int, tmp_path: Path) -> None:
    path = tmp_path / f"sound.{kind}"
    soundfile.write(path, np.stack([tone(rate)] * 2, 1), rate, format=kind.upper())
    found = read_wave(path, 16000)
    if kind == "mp3":  # has whole frames: a little silence around
        assert 8000 <= len(found) <= 12000 and np.abs(found).max() == pytest.approx(0.5, abs=0.05)
    else:
        near(found, tone(), 0.03 if kind == "ogg" else 2e-3)
