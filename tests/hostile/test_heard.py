"""Whole data sets with recordings, of which some are hostile, prepared as a run that hears does."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.store import fill
from experiments.data.store.dataset import open_dataset
from experiments.data.store.heard import heard
from experiments.data.view.sound import SoundView
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.log_mel import LogMel
from experiments.frontend.waveform import Waveform
from tests.hostile import containers, pictures, sounds
from tests.hostile.inputs import LAYOUTS, SIZE
from tests.hostile.layouts import Placed, place, replace
from tests.hostile.sound_layouts import SOUNDED
from tests.hostile.spoken_layouts import MELS, WAVS
from tests.hostile.trial import Outcome, attempt

pytest.importorskip("soundfile")  # the extra `speech`
FEW = ("samples: nan", "no file: link out of the root")  # of 240, less than a hundredth
MANY = (*FEW, "no file: pipe", "header: FLAC of 2^36 samples", "samples: an hour of silence")

REPRESENTATIVE = ("objects", "truncated")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the data sets that copies are made of."""
    return tmp_path_factory.mktemp("made")


def prepared(placed: Placed) -> Outcome:
    """What came of hearing the data set, in a process of its own."""

    def work() -> dict[str, Any]:
        warnings.simplefilter("error")
        fill.cores = lambda: 1  # type: ignore[assignment]  # no processes of a trial's own
        reader = placed.layout.opened(placed.root)
        cache = placed.root.parent / "cache"
        data = open_dataset(reader, SIZE, cache, quiet=True, workers=1)
        found = heard(data, LogMel(22050, 551, 220, 40), least=1)
        for split in (found.train, found.test):
            assert split.recordings is not None
            for row in range(len(split.recordings)):
                frames = split.recordings.of(row)
                assert len(frames) and frames.shape[1] == 40 and np.isfinite(frames).all()
        keys = [*found.train.keys, *found.test.keys]
        return {"keys": keys, "summary": found.summary, **found.report["heard"]}

    return attempt(work)


def with_sounds(root: Path, keys: Sequence[str], names: Sequence[str]) -> None:
    """Hostile recordings in the place of the first of these pictures."""
    for key, name in zip(keys, names, strict=True):
        path = root / WAVS / f"{key}_0.wav"
        path.unlink()
        sounds.CASES[name](path, random.Random(name))


def test_few_hostile_recordings_are_counted(made: Path, tmp_path: Path) -> None:
    placed = place(LAYOUTS["flickr8k"], made, tmp_path / "one" / "root")
    with_sounds(placed.root, sorted(placed.pictures)[40:42], FEW)
    outcome = prepared(placed)
    pictures.outside(".wav").unlink(missing_ok=True)
    assert outcome.kind == "accepted" and outcome.found, outcome.message
    assert outcome.found["captions"] == 238 and len(outcome.found["keys"]) == 120
    assert outcome.found["that cannot be used"] == 2
    assert "heard: 238 captions (2 that cannot be used)" in outcome.found["summary"]


def test_many_hostile_recordings_are_one_line(made: Path, tmp_path: Path) -> None:
    placed = place(LAYOUTS["flickr8k"], made, tmp_path / "one" / "root")
    with_sounds(placed.root, sorted(placed.pictures)[: len(MANY)], MANY)
    outcome = prepared(placed)
    pictures.outside(".wav").unlink(missing_ok=True)
    assert outcome.kind == "refused", outcome.message
    assert "5 of 240 recordings (2.1%) cannot be used, most often 'sound" in outcome.message


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in REPRESENTATIVE else pytest.mark.slow)
        for name in containers.ARRAYS
    ],
)
def test_hostile_frames_of_one_picture(name: str, made: Path, tmp_path: Path) -> None:
    placed = place(LAYOUTS["cub_s2igan"], made, tmp_path / "one" / "root")
    path = placed.root / MELS / f"{sorted(placed.pictures)[7]}.npy"
    replace(path, containers.ARRAYS[name](path.read_bytes(), random.Random(name)))
    outcome = prepared(placed)
    assert not containers.sentinel().exists(), "code was executed"
    assert outcome.kind == "accepted" and outcome.found, outcome.message
    lost = 360 - outcome.found["captions"]
    assert lost <= 3 and len(outcome.found["keys"]) >= 119


def heard_sounds(placed: Placed) -> Outcome:
    """What came of hearing the sounds of records."""

    def work() -> dict[str, Any]:
        warnings.simplefilter("error")
        fill.cores = lambda: 1  # type: ignore[assignment]  # no processes of a trial's own
        reader = placed.layout.opened(placed.root)
        data = open_dataset(reader, SIZE, placed.root.parent / "cache", quiet=True, workers=1)
        view = SoundView(Excerpt(Waveform(8000, None), 0.05))
        data = view.usable(data)
        for split in (data.train, data.test):
            values = view.open(data, split).real(np.arange(len(split))).values
            assert values.shape == (len(split), 400) and values.isfinite().all()
        keys = [*data.train.keys, *data.test.keys]
        return {"keys": keys, "summary": data.summary, "dropped": data.report["dropped"]}

    return attempt(work)


@pytest.mark.parametrize("name", SOUNDED)
def test_hostile_sounds_of_records_are_counted(name: str, made: Path, tmp_path: Path) -> None:
    """One cannot be used, three are none, others are unusual."""
    import soundfile

    placed = place(LAYOUTS[name], made, tmp_path / "one" / "root")
    where = placed.layout.sound
    assert where is not None
    paths = {key: placed.root / where(key) for key in sorted(placed.pictures)[20:32]}
    for path in paths.values():
        path.unlink()
    noise = np.random.default_rng(0).normal(0, 0.1, (4000, 16))
    bad, silent, lost, folder, *good = paths
    sounds.CASES["samples: all of them nan"](paths[bad], random.Random(0))
    sounds.CASES["samples: silence"](paths[silent], random.Random(0))
    paths[folder].mkdir()
    for key, (subtype, channels, rate) in zip(
        good,
        (
            *(("PCM_U8", 1, 8000), ("PCM_24", 2, 44100), ("PCM_16", 16, 16000)),
            *(("PCM_16", 1, 384_000), ("FLOAT", 1, 48000), ("DOUBLE", 1, 1000)),
            *(("ALAW", 1, 8000), ("PCM_32", 1, 96000)),
        ),
        strict=True,
    ):
        soundfile.write(paths[key], noise[:, :channels], rate, subtype=subtype)
    outcome = heard_sounds(placed)
    assert outcome.kind in ("accepted", "dropped") and outcome.found, outcome.message
    gone = set(placed.pictures) - set(outcome.found["keys"])
    if name == "voxceleb1":  # tracks whose clip is missing take another of the person
        assert gone <= {bad, silent, *paths} and {bad, silent} <= gone
        return
    assert gone == {bad, silent, lost, folder} and outcome.found["dropped"] == 1
    assert "left out, without a sound: 3" in outcome.found["summary"]


def test_many_hostile_sounds_of_records_are_one_line(made: Path, tmp_path: Path) -> None:
    placed = place(LAYOUTS["sub_urmp"], made, tmp_path / "one" / "root")
    many = ("no sound: words", "no sound: zero bytes", "samples: none", "header: 1024 channels")
    for key, name in zip(sorted(placed.pictures), many, strict=False):
        sounds.CASES[name](placed.root / "chunk" / f"{key}.wav", random.Random(name))
    outcome = heard_sounds(placed)
    assert outcome.kind == "refused" and "4 of 120 records" in outcome.message, outcome.message
    assert "sound " in outcome.message and "\n" not in outcome.message
