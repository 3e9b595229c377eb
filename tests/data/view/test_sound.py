"""Sounds of records as a view: what is drawn, which pairs are wrong, and how it sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sounding_reader import RATE, SoundingReader, number_of, tone_of

from experiments.data.batches import Batch, Batches
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.view.picture import Pictures, PictureView
from experiments.data.view.sound import Sounds, SoundView
from experiments.data.view.stranger import PoseStrangers
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.wave import write_wave
from experiments.frontend.waveform import Waveform
from experiments.terminal.error import UserError
from tests.data.made_batches import flat


def opened(cache: Path, **options: Any) -> Dataset:
    return open_dataset(SoundingReader(**options), 8, cache, quiet=True, workers=1)


@pytest.fixture
def tones(tmp_path: Path) -> Dataset:
    return opened(tmp_path)


def wave_view(seconds: float = 0.5, kept: float | None = None, **options: Any) -> SoundView:
    return SoundView(Excerpt(Waveform(RATE, None, 0.0), seconds, kept=kept), **options)


def batches(data: Dataset, view: SoundView, **options: int) -> Batches:
    pictures = PictureView([8], None if view.mismatch == "none" else view.name)
    views = [one.open(data, data.train) for one in (view, pictures)]
    return Batches(data.train, 8, 3, views, **options)


def made(data: Dataset, view: SoundView, images: int = 0) -> Batch:
    found = batches(data, view)
    return found.ready(found.at(images))


def expected(data: Dataset, row: int, first: int, last: int) -> torch.Tensor:
    wave = tone_of(number_of(data.train.keys[row]))
    return torch.from_numpy(wave / abs(wave).max())[first:last]


def test_each_record_has_its_own_sound(tones: Dataset) -> None:
    batch = made(tones, wave_view())
    for row, values in zip(batch.rows.tolist(), batch.of(Sounds).values, strict=True):
        torch.testing.assert_close(values, expected(tones, row, 0, 500), atol=1e-3, rtol=0)


def test_a_batch_is_a_function_of_the_images_seen_and_processes_share_it(tones: Dataset) -> None:
    view = wave_view(0.25, 0.5, mismatch="class", wrong=True)
    whole = flat(batches(tones, view).at(24))
    halves = [flat(batches(tones, view, rank=rank, num_processes=2).at(24)) for rank in range(2)]
    for name, value in whole.items():
        assert torch.equal(value, torch.cat([half[name] for half in halves])), name


def test_wrong_pairs_are_of_another_class_and_pictures_follow(tones: Dataset) -> None:
    batch = made(tones, wave_view(mismatch="class", wrong=True))
    sounds, pictures = batch.of(Sounds), batch.of(Pictures)
    assert sounds.wrong_values is not None and pictures.wrong_images is not None
    levels = {row: k for k, row in enumerate(tones.train.images[:][:, 4, 4, 0].tolist())}
    for label, wrong, picture in zip(
        batch.labels.tolist(), sounds.wrong_values, pictures.wrong_images[0], strict=True
    ):
        row = levels[round(float(picture[0, 4, 4]) * 127.5 + 127.5)]
        assert tones.train.labels[row] != label
        torch.testing.assert_close(wrong, expected(tones, row, 0, 500), atol=1e-3, rtol=0)


def test_another_pose_is_of_the_same_class() -> None:
    labels = np.array([0, 1, 0, 0, 1, 2])
    poses = ["a", "a", "b", "b", "a", "a"]
    strangers = PoseStrangers(labels, poses)
    rng = np.random.default_rng(0)
    drawn = {tuple(strangers.of(np.array([0, 2, 3, 1, 5]), rng)) for _ in range(40)}
    # Row 0 has the poses of rows 2 and 3; rows 1 and 5 have no other pose, and are their own.
    assert drawn == {(2, 0, 0, 1, 5), (3, 0, 0, 1, 5)}


def test_poses_are_read_of_the_records(tones: Dataset) -> None:
    batch = made(tones, wave_view(mismatch="pose"))
    pictures = batch.of(Pictures)
    assert pictures.wrong_images is not None
    for images, wrong in zip(pictures.images[0], pictures.wrong_images[0], strict=True):
        ours, theirs = (round(float(p[0, 4, 4]) * 127.5 + 127.5) for p in (images, wrong))
        assert ours // 5 == theirs // 5 and ours % 2 != theirs % 2


def test_training_hears_any_stretch_and_evaluation_the_middle(tones: Dataset) -> None:
    view = wave_view(0.1, 0.5).open(tones, tones.train)
    rows = np.zeros(64, np.int64)
    drawn = view.choose(rows, {}, np.random.default_rng(0))["offsets"]
    assert min(drawn) < 40 and max(drawn) > 360 and max(drawn) <= 400
    real = view.real([0])
    assert isinstance(real, Sounds)
    torch.testing.assert_close(real.values[0], expected(tones, 0, 200, 300), atol=1e-3, rtol=0)


def test_records_without_a_sound_leave_and_are_counted(tmp_path: Path) -> None:
    data = opened(tmp_path, silent=(0, 4, 7))
    found = wave_view().usable(data)
    assert len(found.train) + len(found.test) == 37
    assert not {0, 4, 7} & {number_of(key) for key in found.train.keys + found.test.keys}
    assert "left out, without a sound: 3" in found.summary
    assert found.report["kept"] == {"train": len(found.train), "test": len(found.test)}


def test_sounds_that_cannot_be_used_are_dropped_with_their_reason(tmp_path: Path) -> None:
    data = opened(tmp_path, count=200, broken=(3,))
    found = wave_view().usable(data)
    assert len(found.train) + len(found.test) == 199
    assert "sound is silent" in str(found.report)
    with pytest.raises(UserError, match="sound is silent"):
        wave_view().usable(opened(tmp_path / "more", count=200, broken=(3, 4, 5)))


def test_data_without_sounds_are_refused(tmp_path: Path) -> None:
    from tiny_reader import TinyReader

    data = open_dataset(TinyReader(), 8, tmp_path, quiet=True, workers=1)
    with pytest.raises(UserError, match="tiny has no sounds; choose another data set"):
        wave_view().usable(data)


def test_a_file_is_read_as_it_would_be_stored(tones: Dataset, tmp_path: Path) -> None:
    view = SoundView(Excerpt(LMS(RATE, 64, 32, 16), 0.5)).open(tones, tones.train)
    file = write_wave(tmp_path / "tone.wav", tone_of(number_of(tones.train.keys[2])) / 2, RATE)
    stored = view.real([2])
    assert isinstance(stored, Sounds)
    torch.testing.assert_close(view.read([file]).values, stored.values, atol=0.02, rtol=0)
    ((wave, rate),) = view.handed(view.read([file]).values)
    assert rate == RATE and wave.shape == (500,) and 0.1 < abs(wave).max() <= 1


def test_what_is_no_sound_is_told(tones: Dataset, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("tweet")
    view = wave_view()
    for given, reason in (
        ([tmp_path / "text.wav"], "text.wav: sound"),
        ([tmp_path / "none.wav"], "none.wav: sound cannot be read"),
        ([3], "sound: int is neither a file nor samples"),
        ([], "sound: none was given"),
        ([(np.zeros(100, np.float32), RATE)], "a sound: sound is silent; give a sound"),
    ):
        with pytest.raises(UserError, match=reason):
            view.read(given)


def test_the_sounds_of_records_are_heard_as_they_are(tones: Dataset) -> None:
    view = SoundView(Excerpt(LMS(RATE, 64, 32, 16), 0.5)).open(tones, tones.test)
    (sound,) = view.sounds([1])
    assert sound is not None and sound[1] == RATE
    np.testing.assert_allclose(sound[0], tone_of(number_of(tones.test.keys[1]))[:500], atol=1e-6)
