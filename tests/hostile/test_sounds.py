"""Hostile recordings: a wave, or a few words; all of them: `python -m tests.hostile.sounds`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.hostile import sounds

pytest.importorskip("soundfile")  # the extra `speech`
CHOSEN = random.Random(5).sample(sorted(sounds.CASES), 24)  # every time the same


@pytest.mark.parametrize("name", CHOSEN)
def test_a_hostile_recording(name: str, tmp_path: Path) -> None:
    outcome = sounds.run(name, tmp_path, seed=0)
    assert outcome.kind != "failed", outcome.message


@pytest.mark.slow
@pytest.mark.parametrize("name", sounds.CASES)
def test_every_hostile_recording(name: str, tmp_path: Path) -> None:
    for seed in range(3):
        outcome = sounds.run(name, tmp_path, seed)
        assert outcome.kind != "failed", f"seed {seed}: {outcome.message}"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("header: 0 Hz", "sound cannot be decoded"),
        ("header: 999 Hz", "sound has an impossible rate"),
        ("header: 768001 Hz", "sound has an impossible rate"),
        ("header: 65 channels", "sound has too many channels"),
        ("header: 1000000 bytes of samples", "sound ends before its header says"),
        ("header: FLAC of 2^36 samples", "sound"),
        ("samples: none", "sound has no samples"),
        ("samples: silence", "sound is silent"),
        ("samples: nan", "sound is not finite"),
        ("samples: -inf", "sound is not finite"),
        ("samples: 1e12", "sound is louder than any scale"),
        ("samples: an hour of silence in a megabyte", "sound is silent"),
        ("W64: under any name", "sound is of a kind that is not read (W64)"),
        ("no sound: a page", "sound cannot be decoded"),
        ("no file: pipe", "not a file"),
        ("no file: link out of the root", "path leaves the root"),
    ],
)
def test_what_is_refused_says_why(name: str, reason: str, tmp_path: Path) -> None:
    outcome = sounds.run(name, tmp_path, seed=0)
    assert outcome.kind == "refused" and outcome.message.startswith(reason), outcome


@pytest.mark.parametrize(
    "name",
    [
        *(f"{kind}: under any name" for kind in sounds.KINDS if kind not in sounds.UNREAD),
        *("samples: 8 channels at 192000 Hz", "samples: 1 channels at 8000 Hz"),
        *("header: 64 channels", "header: 4294967295 bytes of samples", "samples: 1e-40"),
    ],
)
def test_what_is_unusual_is_accepted(name: str, tmp_path: Path) -> None:
    assert sounds.run(name, tmp_path, seed=0).kind == "accepted"
