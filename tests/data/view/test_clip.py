"""Clips of records as a view: what is stored, what is drawn, and which pairs are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from moving_reader import MovingReader, clip_of, number_of

from experiments.clip.form import ClipForm
from experiments.clip.write import write_clip
from experiments.data.batches import Batch, Batches
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.view.caption import Captions, CaptionView
from experiments.data.view.clip import Clips, ClipView, StoredClips
from experiments.terminal.error import UserError
from tests.data.made_batches import flat


def opened(cache: Path, **options: Any) -> Dataset:
    return open_dataset(MovingReader(**options), None, cache, quiet=True, workers=1)


@pytest.fixture
def moving(tmp_path: Path) -> Dataset:
    return opened(tmp_path)


def batches(data: Dataset, view: ClipView, batch: int = 8, **options: int) -> Batches:
    views = [one.open(data, data.train) for one in (CaptionView(), view)]
    return Batches(data.train, batch, 3, views, **options)


def made(data: Dataset, view: ClipView, images: int = 0, batch: int = 8) -> Batch:
    found = batches(data, view, batch)
    return found.ready(found.at(images))


def levels(values: torch.Tensor) -> np.ndarray:
    """(B, C, T, S, S) as they were stored."""
    return ((values + 1) * 127.5).round().to(torch.uint8).numpy()


def test_each_record_has_its_own_clip(moving: Dataset) -> None:
    batch = made(moving, ClipView(ClipForm(12, 8)))
    for row, values in zip(batch.rows.tolist(), levels(batch.of(Clips).values), strict=True):
        expected = clip_of(number_of(moving.train.keys[row]))
        assert np.array_equal(values, expected.transpose(3, 0, 1, 2))
    assert torch.equal(batch.of(Clips).first, batch.of(Clips).values[:, :, 0])


def test_the_store_is_made_once_and_mapped(moving: Dataset) -> None:
    view = ClipView(ClipForm(6, 4, kept=8, margin=1.5)).open(moving, moving.train)
    assert view.stored.shape == (40, 8, 6, 6, 3) and view.stored.dtype == np.uint8
    base: Any = view.stored
    while not isinstance(base, np.memmap):
        base = base.base
    (name,) = view.stores
    written = (moving.folder / name / "values.npy").stat().st_mtime_ns
    # The same frames serve a shorter stretch of them.
    again = ClipView(ClipForm(4, 6, kept=8)).open(moving, moving.test)
    assert again.stores == view.stores
    assert (moving.folder / name / "values.npy").stat().st_mtime_ns == written
    (of_test,) = again.real([0]).values.shape[:1]  # type: ignore[attr-defined]
    assert of_test == 1


def test_what_travels_is_uint8_and_no_more_than_the_stretch(moving: Dataset) -> None:
    found = batches(moving, ClipView(ClipForm(3, 4, stride=2, kept=12, margin=2.0))).at(0)
    part = found.of(StoredClips)
    assert part.pixels.dtype == torch.uint8 and part.pixels.shape == (8, 5, 8, 8, 3)


def test_stretch_stride_crop_and_flip_are_the_same_for_all_frames(moving: Dataset) -> None:
    view = ClipView(ClipForm(4, 6, stride=2, kept=12, margin=1.34))
    data = moving
    vars(data)["mirror"] = vars(data)["flip"] = True
    starts, columns, flips = set(), set(), set()
    for images in range(0, 96, 8):
        for values in levels(made(data, view, images).of(Clips).values):
            assert len(np.unique(values[0])) == 1  # of one record
            green, blue = values[1, :, 0, 0] // 10, values[2, 0, 0]
            assert (np.diff(green) == 2).all()
            assert (values[2] == blue).all()
            flipped = blue[0] > blue[-1]
            assert (np.diff(blue.astype(int)) == (-1 if flipped else 1)).all()
            starts.add(int(green[0])), columns.add(int(blue.min())), flips.add(bool(flipped))
    assert starts == {0, 1, 2, 3, 4, 5} and columns == {0, 1, 2} and flips == {True, False}


def test_evaluation_sees_the_middle(moving: Dataset) -> None:
    view = ClipView(ClipForm(4, 4, stride=2, kept=12, margin=2.0)).open(moving, moving.train)
    real = view.real([0, 1])
    assert isinstance(real, Clips)
    values = levels(real.values)
    assert (values[0, 1, :, 0, 0] // 10).tolist() == [2, 4, 6, 8]
    assert values[0, 2, 0, 0].tolist() == [2, 3, 4, 5]


def test_no_clip_is_mirrored_where_captions_say_left_and_right(moving: Dataset) -> None:
    view = ClipView(ClipForm(2, 8)).open(moving, moving.train)
    drawn = view.choose(np.arange(32), {}, np.random.default_rng(0))
    assert not np.asarray(drawn["flips"]).any()
    with pytest.raises(UserError, match="say left and right; take flip=false"):
        ClipView(ClipForm(2, 8), flip=True).open(moving, moving.train)


def test_a_batch_is_a_function_of_the_images_seen_and_processes_share_it(moving: Dataset) -> None:
    view = ClipView(ClipForm(4, 6, kept=12, margin=1.34), wrong="mixed")
    whole = flat(batches(moving, view).at(24))
    halves = [flat(batches(moving, view, rank=rank, num_processes=2).at(24)) for rank in range(2)]
    for name, value in whole.items():
        assert torch.equal(value, torch.cat([half[name] for half in halves])), name


def pairs(data: Dataset, wrong: Any) -> list[tuple[int, str, int]]:
    """Records, the captions that were drawn, and the records of the wrong clips."""
    found: list[tuple[int, str, int]] = []
    texts = [text for captions in data.train.captions for text in captions]
    place = {number_of(key): row for row, key in enumerate(data.train.keys)}
    for images in range(0, 320, 32):
        batch = made(data, ClipView(ClipForm(12, 8), wrong), images, 32)
        clips = batch.of(Clips)
        assert clips.wrong_values is not None
        said = batch.of(Captions).rows
        assert said is not None
        numbers = levels(clips.wrong_values)[:, 0, 0, 0, 0].tolist()
        for row, caption, number in zip(batch.rows.tolist(), said.tolist(), numbers, strict=True):
            found.append((row, texts[caption], place[number]))
    return found


def test_the_caption_of_a_wrong_clip_is_never_the_same_text(moving: Dataset) -> None:
    found = pairs(moving, "clip")
    assert len({wrong for *_, wrong in found}) == 32
    assert all(text not in moving.train.captions[wrong] for _, text, wrong in found)


def kinds(data: Dataset, found: list[tuple[int, str, int]]) -> list[tuple[bool, bool]]:
    """Whether crown and motion are the same, of captions that say the motion."""
    named = data.train.attributes
    names = list(data.attribute_values)
    crown, motion = names.index("crown"), names.index("motion")
    return [
        (named[row, crown] == named[wrong, crown], named[row, motion] == named[wrong, motion])
        for row, text, wrong in found
        if "moves" in text
    ]


def test_a_hard_pair_is_the_same_thing_in_another_motion(tmp_path: Path) -> None:
    data = opened(tmp_path, count=200)
    found = kinds(data, pairs(data, "action"))
    assert all(same and not moves for same, moves in found) and len(found) > 100
    mixed = kinds(data, pairs(data, "mixed"))
    easy = sum(not same for same, _ in mixed) / len(mixed)
    assert 0.15 < easy < 0.5  # two thirds of the easy half have another crown


def test_where_nothing_moves_otherwise_hard_pairs_are_refused(moving: Dataset) -> None:
    vars(moving.reader)["moving_attributes"] = lambda: ()
    with pytest.raises(UserError, match="take wrong=clip"):
        ClipView(ClipForm(2, 8), "action").open(moving, moving.train)


def test_short_clips_repeat_their_last_frame_and_broken_ones_leave(tmp_path: Path) -> None:
    data = opened(tmp_path, count=500, short=(0,), broken=(7, 11))
    view = ClipView(ClipForm(5, 8))
    usable = view.usable(data)
    assert not {7, 11} & {number_of(key) for key in usable.train.keys + usable.test.keys}
    assert usable.report["reasons"]["clip has no frames"] == 2
    real = view.open(usable, usable.train).real([0])
    assert isinstance(real, Clips)
    assert (levels(real.values)[0, 1, :, 0, 0] // 10).tolist() == [0, 1, 2, 2, 2]


def test_a_strip_shows_frames_beside_one_another_and_grey_in_colour() -> None:
    values = torch.arange(16.0).view(1, 1, 16, 1, 1).expand(2, 1, 16, 3, 3)
    strip = ClipView(ClipForm(16, 3, channels=1)).pictures(values)
    assert strip.shape == (2, 3, 3, 24)
    assert strip[0, 2, 1].tolist() == [t for t in (0, 2, 4, 6, 9, 11, 13, 15) for _ in range(3)]


def test_people_get_frames_and_give_them() -> None:
    view = ClipView(ClipForm(4, 8, kept=12))
    frames = clip_of(9)
    read = view.read([frames, (frames, 10.0)])
    handed = view.handed(read.values)
    assert [one.shape for one in handed] == [(4, 8, 8, 3)] * 2
    assert np.array_equal(handed[0], frames[4:8])
    with pytest.raises(UserError, match="frames uint8"):
        view.read([np.zeros((3, 3))])


def test_a_file_is_read_as_frames_are(tmp_path: Path) -> None:
    grey = np.repeat(np.arange(0, 240, 20, dtype=np.uint8), 64).reshape(12, 8, 8, 1)
    path = write_clip(grey, tmp_path / "a.gif", 10.0)
    for form in (ClipForm(4, 8, kept=6), ClipForm(4, 8, rate=5.0), ClipForm(4, 4, rate=5.0)):
        of_file = ClipView(form).read([path]).values
        assert torch.equal(of_file, ClipView(form).read([(grey, 10.0)]).values)
    with pytest.raises(UserError, match=r"b\.gif: file is missing; give a video"):
        ClipView(form).read([tmp_path / "b.gif"])


def test_plan_knows_shapes_and_disk(moving: Dataset) -> None:
    view = ClipView(ClipForm(16, 48, kept=20, margin=1.5), wrong="clip")
    blank = view.blank(3, {})
    assert blank.values.shape == (3, 3, 16, 48, 48)
    assert blank.wrong_values is not None
    assert view.disk(10, 8, 1.0, {}) == {
        "store of 10 clips, 20 frames at 72 px": 10 * 20 * 72 * 72 * 3
    }
