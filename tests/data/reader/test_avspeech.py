"""AVSpeech: the published table over clips that somebody has, seen and heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clip_trees import gif, write_lines
from drawn import entries

from experiments.data.reader.avspeech import AVSpeech
from experiments.terminal.error import UserError
from tests.clip.made import numbered, numbers, tone, write_film

pytest.importorskip("av")  # the extra `video`
TRAIN = [
    "AAAAAAAAAAA,1.000000,2.000000,0.750000,0.750000",
    "AAAAAAAAAAA,2.500000,3.000000,0.250000,0.250000",
    "BBBBBBBBBBB,142.078267,145.078267,0.500000,0.500000",
    "CCCCCCCCCCC,5.000000,9.000000,0.5,0.5",
    "AAAAAAAAAAA,zero,3,0.5,0.5",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A whole video of four seconds, silent but for its second one; and two clips."""
    write_lines(tmp_path / "avspeech_train.csv", TRAIN)
    write_lines(tmp_path / "avspeech_test.csv", ["d-_DDDDDDDD,30.000000,33.500000,0.1,0.2"])
    sound = np.concatenate([np.zeros(16000), tone(1.0), np.zeros(32000)]).astype(np.float32)
    write_film(tmp_path / "whole/AAAAAAAAAAA.mp4", numbered(40, 64, 96), sound=sound)
    write_film(tmp_path / "BBBBBBBBBBB_142.078267_145.078267.mp4", numbered(30), sound=tone(3.0))
    gif(tmp_path / "cut/d-_DDDDDDDD_30_33.gif")
    gif(tmp_path / "EEEEEEEEEEE_1_2.gif")
    return tmp_path


def test_rows_whose_clip_is_there(root: Path) -> None:
    reader = AVSpeech(str(root))
    reader.check()
    records, drops = entries(reader)
    assert drops == {"avspeech_train.csv:5": "not <video>,<start>,<end>,<x>,<y>"}
    assert {key: record.split for key, record in records.items()} == {
        "AAAAAAAAAAA_1.000000_2.000000": "train",
        "AAAAAAAAAAA_2.500000_3.000000": "train",
        "BBBBBBBBBBB_142.078267_145.078267": "train",
        "d-_DDDDDDDD_30.000000_33.500000": "test",
    }
    assert reader.has == ("picture", "sound", "clip")
    assert reader.files().not_read == {
        "rows without a clip": 1,
        "clips that no list names": 1,
        "other files": 2,
    }
    assert len(reader.class_names()) == 3  # videos


def test_a_part_of_a_whole_video_is_seen_and_heard(root: Path) -> None:
    reader = AVSpeech(str(root))
    records = entries(reader)[0]
    record = records["AAAAAAAAAAA_1.000000_2.000000"]
    frames, rate = reader.clip(record)  # type: ignore[misc]
    assert numbers(frames) == list(range(10, 20)) and rate == pytest.approx(10)
    wave, heard = reader.sound(record)  # type: ignore[misc]
    assert heard == 16_000 and abs(len(wave) - 16_000) < 1100
    assert np.abs(wave).mean() > 0.2  # the second that is not silent
    later, _ = reader.sound(records["AAAAAAAAAAA_2.500000_3.000000"])  # type: ignore[misc]
    assert np.abs(later).max() < 0.05
    # The square about the face: light at the lower right, dark at the upper left of the frame.
    assert abs(int(reader.image(record, 16)[8, 8, 0]) - 100) < 8
    dark = reader.image(records["AAAAAAAAAAA_2.500000_3.000000"], 16)
    assert abs(int(dark[4, 4, 0]) - 110) < 8


def test_a_clip_is_a_file(root: Path) -> None:
    reader = AVSpeech(str(root))
    records = entries(reader)[0]
    record = records["BBBBBBBBBBB_142.078267_145.078267"]
    assert reader.clip(record) == root / "BBBBBBBBBBB_142.078267_145.078267.mp4"
    wave, _ = reader.sound(record)  # type: ignore[misc]
    assert abs(len(wave) - 48_000) < 2200
    silent = records["d-_DDDDDDDD_30.000000_33.500000"]
    assert reader.sound(silent) is None and reader.image(silent, 8).shape == (8, 8, 3)


def test_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no avspeech_train\.csv or avspeech_test\.csv in"):
        AVSpeech(str(tmp_path)).check()
    write_lines(tmp_path / "avspeech_train.csv", TRAIN)
    with pytest.raises(UserError, match=r"no clip .* looking-to-listen"):
        AVSpeech(str(tmp_path)).check()
    with pytest.raises(UserError, match=r"data\.reader\.face: 0 is not"):
        AVSpeech(face=0)
