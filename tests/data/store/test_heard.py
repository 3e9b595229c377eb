"""The data set as it is heard: caption k is recording k, whatever has left, and by whatever way."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from recorded_reader import Given, RecordedReader
from tiny_reader import TinyReader

from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.heard import heard
from experiments.data.store.held_out import hold_out
from experiments.data.store.recorder import frames_of, recorder_of
from experiments.data.store.recordings import Recordings
from experiments.data.store.share import with_share
from experiments.data.store.speech import Speech
from experiments.data.store.split import Split
from experiments.data.voice.choice import speaker_of
from experiments.data.voice.speak import speak
from experiments.frontend.log_mel import LogMel
from experiments.frontend.wave import as_wave
from experiments.terminal.error import UserError


def opened(tmp_path: Path, limit: int | None = None, **fields: object) -> Dataset:
    reader = RecordedReader(**fields)  # type: ignore[arg-type]
    return open_dataset(reader, 8, tmp_path / "cache", quiet=True, workers=1, limit=limit)


def said(split: Split) -> list[tuple[int, int]]:
    """Image and number of each caption, by its text."""
    texts = [text for texts in split.captions for text in texts]
    return [(int(a), int(b)) for a, b in (re.findall(r"\d+", text)[:2] for text in texts)]


def recorded(split: Split) -> list[tuple[int, int]]:
    """The same by its recording."""
    assert split.recordings is not None
    first = [split.recordings.of(row)[0] for row in range(len(split.recordings))]
    return [(int(frame[0]), int(frame[1])) for frame in first]


def require_aligned(dataset: Dataset) -> None:
    for split in (dataset.train, dataset.test):
        assert split.recordings is not None and len(split) > 0
        assert said(split) == recorded(split)
        assert split.recordings.number.tolist() == [number for _, number in said(split)]
        images = [int(key.rpartition("_")[2]) for key in split.keys]
        assert [images[k] for k in split.caption_image] == [image for image, _ in said(split)]
        assert len(split.lengths) == len(split.mentions) == split.caption_start[-1]


def test_captions_without_a_recording_leave_and_are_counted(tmp_path: Path) -> None:
    dataset = heard(opened(tmp_path), Given(), least=1)
    require_aligned(dataset)
    pairs = [(k, j) for k in range(40) for j in range(1 + k % 9)]
    there = [(k, j) for k, j in pairs if (k + j) % 4]
    assert sorted(said(dataset.train) + said(dataset.test)) == there
    silent = 40 - len({k for k, _ in there})
    assert silent == 2  # images 0 and 36 have one caption, which has none
    counts = dataset.report["heard"]
    assert counts["captions"] == len(there)
    assert counts["without a recording"] == len(pairs) - len(there)
    assert counts["records without any"] == silent
    assert f"heard: {len(there)} captions ({len(pairs) - len(there)} without" in dataset.summary
    assert heard(dataset, Given(), least=1) is dataset


def test_short_ones_and_those_beyond_the_wanted_leave_by_their_reason(tmp_path: Path) -> None:
    asked = dataclasses.replace(opened(tmp_path), speech=Speech(captions=3))
    dataset = heard(asked, Given(), least=6)  # caption j has 4 + j frames: only the third is left
    require_aligned(dataset)
    counts = dataset.report["heard"]
    pairs = [(k, j) for k in range(40) for j in range(1 + k % 9)]
    assert {number for _, number in said(dataset.train)} == {2}
    assert counts["left out by data.speech.captions"] == sum(j > 2 for _, j in pairs)
    assert counts["too short"] == sum(j < 2 and (k + j) % 4 != 0 for k, j in pairs)
    assert counts["without a recording"] == sum(j <= 2 and (k + j) % 4 == 0 for k, j in pairs)


def test_shares_limits_and_what_is_held_out_keep_them_together(tmp_path: Path) -> None:
    require_aligned(heard(with_share(opened(tmp_path), 0.5, 1), Given(), least=1))
    require_aligned(heard(opened(tmp_path, limit=6), Given(), least=1))
    whole = heard(opened(tmp_path), Given(), least=1)
    held = hold_out(whole)
    require_aligned(held.rest)
    assert 0 < len(held.rest.train) < len(whole.train)
    one = whole.train.only(np.arange(len(whole.train)) % 3 == 1)
    assert said(one) == recorded(one) and len(one) > 0
    spoken = one.read_as("speech")
    assert isinstance(spoken.tokens, Recordings)
    frames, lengths = spoken.read(np.array([2, 0]))
    assert [(int(row[0, 0]), int(row[0, 1])) for row in frames] == [said(one)[2], said(one)[0]]
    assert not frames[0, lengths[0] :].any() and not frames[1, lengths[1] :].any()


def test_more_than_a_hundredth_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"recordings \(\d\.\d%\) cannot be used, most often 'sound"
    ):
        heard(opened(tmp_path, broken=(3,)), Given(), least=1)


def test_few_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    dataset = heard(opened(tmp_path, broken=(27,), count=80), Given(), least=1)  # 1 of 300
    require_aligned(dataset)
    assert dataset.report["heard"]["that cannot be used"] == 1
    assert 27 not in {image for image, _ in said(dataset.train) + said(dataset.test)}


def test_recordings_need_no_written_captions(tmp_path: Path) -> None:
    dataset = heard(opened(tmp_path, written=False), Given(), least=1)
    for split in (dataset.train, dataset.test):
        found = recorded(split)
        images = [int(key.rpartition("_")[2]) for key in split.keys]
        assert [images[k] for k in split.caption_image] == [image for image, _ in found]
        assert all((k + j) % 4 for k, j in found)
        assert split.label(0) == split.keys[0]


def test_frames_that_the_data_bring_are_cut_where_sound_is_and_the_report_says_so(
    tmp_path: Path,
) -> None:
    asked = dataclasses.replace(opened(tmp_path), speech=Speech(seconds=0.06))  # 6 frames
    dataset = heard(asked, Given(), least=1)
    require_aligned(dataset)
    pairs = [(k, j) for k in range(40) for j in range(1 + k % 9) if (k + j) % 4]
    lengths = [split.recordings.lengths for split in (dataset.train, dataset.test)]  # type: ignore[union-attr]
    assert sorted(np.concatenate(lengths)) == sorted(min(4 + j, 6) for _, j in pairs)
    assert dataset.report["heard"]["cut at data.speech.seconds"] == sum(j >= 2 for _, j in pairs)
    assert dataset.report["captions"] == len(pairs)


def test_frames_too_large_to_be_stored_are_told(tmp_path: Path) -> None:
    recorder = recorder_of(opened(tmp_path), Given())
    assert isinstance(recorder._given(np.full((5, 4), 6e4, np.float32)), np.ndarray)
    assert "half precision" in str(recorder._given(np.full((5, 4), 7e4, np.float32)))


def test_other_frames_than_the_front_end_makes_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no record has a speech .*frames of \(4,\)"):
        heard(opened(tmp_path), LogMel(16000, 400, 160, 40), least=1)


def test_who_has_no_recordings_is_told_so(tmp_path: Path) -> None:
    tiny = open_dataset(TinyReader(), 8, tmp_path / "cache", quiet=True, workers=1)
    asked = dataclasses.replace(tiny, speech=Speech(voice="recordings"))
    with pytest.raises(UserError, match=r"data\.speech\.voice=recordings: tiny has no recordings"):
        heard(asked, Given(), least=1)
    silent = opened(tmp_path, written=False, records_speech=False, name="silent")
    with pytest.raises(UserError, match="neither captions nor recordings"):
        heard(silent, Given(), least=1)


def test_the_test_is_spoken_by_people_who_are_not_trained_on(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    tiny = open_dataset(TinyReader(count=10), 8, tmp_path / "cache", quiet=True, workers=1)
    tiny = dataclasses.replace(tiny, speech=Speech(captions=1))
    frontend = LogMel(16000, 400, 160, 40)
    dataset = heard(tiny, frontend, least=1)
    assert dataset.hearing is not None
    voices = dataset.hearing["voices"]
    train, test = ({speaker_of(voice) for voice in voices[split]} for split in ("train", "test"))
    assert train and test and not train & test
    recorder = recorder_of(dataset, frontend)
    assert recorder.voices is not None
    for split in (dataset.train, dataset.test):
        manner = recorder.voices.of(split.keys[0], 0, split.name)  # type: ignore[arg-type]
        assert manner.voice in voices[split.name]
        spoken = speak(
            manner.voice, split.captions[0][0], "en", manner.words_per_minute, manner.pitch
        )
        assert split.recordings is not None
        wave = as_wave(*spoken, frontend.rate)
        assert np.array_equal(split.recordings.of(0), frames_of(frontend, wave))
