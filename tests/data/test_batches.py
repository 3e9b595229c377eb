from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from experiments.data.batches import Batch, Batches
from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.data.view.caption import Captions, CaptionView
from experiments.data.view.picture import StoredPictures
from experiments.terminal.error import UserError
from tests.data.made_batches import flat, make_batches


@pytest.fixture
def split(open_tiny: Callable[..., Dataset]) -> Split:
    """32 images in 8 classes, with 1 to 9 captions."""
    return open_tiny(count=40).train


def assert_equal(one: Batch, other: Batch) -> None:
    assert flat(one).keys() == flat(other).keys()
    for name, value in flat(one).items():
        assert torch.equal(value, flat(other)[name]), name


@pytest.mark.parametrize("mismatch", ["none", "roll", "class_aware"])
def test_a_batch_is_a_function_of_images_seen(split: Split, mismatch: str) -> None:
    batches = make_batches(split, 6, seed=1, crop=6, mismatch=mismatch)  # type: ignore[arg-type]
    late = batches.at(600)
    for images_seen in (0, 6, 12):
        batches.at(images_seen)
    assert_equal(batches.at(600), late)
    fresh = make_batches(split, 6, seed=1, crop=6, mismatch=mismatch)  # type: ignore[arg-type]
    assert_equal(fresh.at(600), late)
    other = make_batches(split, 6, seed=2, crop=6, mismatch=mismatch)  # type: ignore[arg-type]
    assert not torch.equal(other.at(600).rows, late.rows)


@pytest.mark.parametrize("mismatch", ["none", "roll", "class_aware"])
def test_two_processes_see_the_rows_of_one(split: Split, mismatch: str) -> None:
    def make(rank: int, num_processes: int) -> Batches:
        return make_batches(split, 10, 3, 6, mismatch, rank, num_processes)  # type: ignore[arg-type]

    for images_seen in (0, 30, 990):  # 30 to 40 crosses the end of an epoch
        whole = flat(make(0, 1).at(images_seen))
        parts = [flat(make(rank, 2).at(images_seen)) for rank in range(2)]
        for name, value in whole.items():
            assert torch.equal(value, torch.cat([part[name] for part in parts])), name


@pytest.mark.parametrize("size", [5, 32, 50])
def test_each_epoch_covers_every_image_once(split: Split, size: int) -> None:
    batches = make_batches(split, size, seed=0, crop=8)
    seen = torch.cat([batches.at(n).rows for n in range(0, 160, size)])
    epochs = seen[: len(seen) // 32 * 32].view(-1, 32)
    assert len(epochs) >= 3
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(32))
    assert not torch.equal(epochs[0], epochs[1])


def test_the_parts_of_a_row_belong_together(split: Split) -> None:
    for images_seen in range(0, 128, 16):
        batch = make_batches(split, 16, 0, 8, "class_aware").at(images_seen)
        text = batch.of(Captions)
        numbers = [int(split.keys[row].split("_")[1]) for row in batch.rows]
        assert batch.of(StoredPictures).pixels[:, 1, 1, 0].tolist() == numbers
        assert batch.labels.tolist() == [number // 5 for number in numbers]
        assert torch.equal(torch.from_numpy(split.caption_image)[text.rows], batch.rows)
        for tokens, length, row in zip(
            text.tokens,
            text.lengths,
            text.rows,
            strict=True,
        ):
            assert tokens.tolist() == split.tokens[row].tolist()
            assert length == split.lengths[row]
        wrong = text.wrong_rows
        assert text.wrong_tokens.tolist() == split.tokens[wrong].tolist()
        assert text.wrong_lengths.tolist() == split.lengths[wrong].tolist()


def test_captions_offsets_and_flips_are_uniform(split: Split) -> None:
    batches = make_batches(split, 32, seed=0, crop=6)
    drawn = [batches.at(n) for n in range(0, 32 * 200, 32)]
    flips = torch.cat([batch.of(StoredPictures).flips for batch in drawn]).float()
    assert abs(flips.mean() - 0.5) < 0.03
    offsets = torch.cat([batch.of(StoredPictures).offsets for batch in drawn])
    for axis in range(2):
        share = offsets[:, axis].bincount(minlength=3) / len(offsets)
        assert (share - 1 / 3).abs().max() < 0.03
    captions = torch.cat([batch.of(Captions).rows for batch in drawn]).bincount()
    image = next(i for i, of_image in enumerate(split.captions) if len(of_image) == 9)
    of_image = captions[split.caption_start[image] : split.caption_start[image + 1]]
    assert of_image.sum() == 200
    assert of_image.min() > 5
    assert not make_batches(split, 32, 0, 6, flip=False).at(0).of(StoredPictures).flips.any()


def test_without_mismatch_the_wrong_fields_are_empty(split: Split) -> None:
    batch = make_batches(split, 4, 0, 8).at(0)
    text = batch.of(Captions)
    assert text.wrong_rows.tolist() == [-1] * 4
    assert not text.wrong_tokens.any() and not text.wrong_lengths.any()


def test_roll_gives_the_next_of_the_batch_by_length(split: Split) -> None:
    lengths = np.arange(len(split.tokens)) % 7 + 1
    split = dataclasses.replace(split, lengths=lengths)
    batch = make_batches(split, 8, 0, 8, "roll").at(0)
    text = batch.of(Captions)
    order = np.argsort(-text.lengths.numpy(), kind="stable")
    expected = text.rows[np.roll(order, -1)]
    assert text.wrong_rows[order].tolist() == expected.tolist()
    assert sorted(text.wrong_rows.tolist()) == sorted(text.rows.tolist())
    alone = make_batches(split, 1, 0, 8, "roll").at(0)
    assert split.caption_image[alone.of(Captions).wrong_rows] != alone.rows.item()


@pytest.mark.parametrize("by_length", [True, False])
def test_roll_as_released_leaves_the_last_without_a_pair(split: Split, by_length: bool) -> None:
    lengths = np.arange(len(split.tokens)) % 7 + 1
    split = dataclasses.replace(split, lengths=lengths)
    view = CaptionView(mismatch="roll_released", by_length=by_length).of(split)
    text = Batches(split, 8, 0, [view]).at(8).of(Captions)
    assert text.rows is not None and text.wrong_rows is not None
    order = np.arange(8)
    if by_length:
        order = np.argsort(-text.lengths.numpy(), kind="stable")
    assert text.wrong_rows[order[:-1]].tolist() == text.rows[order[1:]].tolist()
    assert int(text.wrong_rows[order[-1]]) == -1


def test_class_aware_never_meets_the_class_and_reaches_all_others(split: Split) -> None:
    batches = make_batches(split, 32, 0, 8, "class_aware")
    reached: dict[int, set[int]] = {}
    for images_seen in range(0, 32 * 60, 32):
        batch = batches.at(images_seen)
        wrong = split.caption_image[batch.of(Captions).wrong_rows]
        assert (split.labels[wrong] != batch.labels.numpy()).all()
        for label, image in zip(batch.labels.tolist(), wrong.tolist(), strict=True):
            reached.setdefault(label, set()).add(image)
    assert all(len(images) == 28 for images in reached.values())


def test_class_aware_with_one_class_takes_another_image(split: Split) -> None:
    split = dataclasses.replace(split, labels=np.zeros(len(split), np.int64))
    reached = set()
    for images_seen in range(0, 32 * 20, 32):
        batch = make_batches(split, 32, 0, 8, "class_aware").at(images_seen)
        wrong = split.caption_image[batch.of(Captions).wrong_rows]
        assert (wrong != batch.rows.numpy()).all()
        reached.update(wrong.tolist())
    assert reached == set(range(32))


def test_prefetch_equals_at_and_ends(split: Split) -> None:
    batches = make_batches(split, 8, 0, 8, "roll")
    got = list(batches.prefetch(16, 48))
    assert len(got) == 4
    for k, batch in enumerate(got):
        assert_equal(batch, batches.at(16 + 8 * k))
    assert list(batches.prefetch(48, 48)) == []


def test_prefetch_stops_with_its_consumer(split: Split) -> None:
    stream = make_batches(split, 8, 0, 8).prefetch(0)
    next(stream)
    assert any(thread.name == "prefetch" for thread in threading.enumerate())
    stream.close()  # type: ignore[attr-defined]
    assert not any(thread.name == "prefetch" for thread in threading.enumerate())


def test_prefetch_raises_what_the_thread_met(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    batches, at = make_batches(split, 8, 0, 8), Batches.at

    def fail_later(self: Batches, images_seen: int) -> Batch:
        if images_seen >= 16:
            raise OSError("the disk is gone")
        return at(self, images_seen)

    monkeypatch.setattr(Batches, "at", fail_later)
    stream = batches.prefetch(0)
    assert [len(next(stream)) for _ in range(2)] == [8, 8]
    with pytest.raises(OSError, match="disk is gone"):
        next(stream)
    assert not any(thread.name == "prefetch" for thread in threading.enumerate())


def test_wrong_settings_are_named(split: Split) -> None:
    with pytest.raises(UserError, match="multiple of 3"):
        make_batches(split, 8, 0, 8, num_processes=3)
    with pytest.raises(UserError, match="crop: 9"):
        make_batches(split, 8, 0, 9)


def test_five_thousand_items_a_second(open_tiny: Callable[..., Dataset]) -> None:
    batches = make_batches(open_tiny(size=76, count=200).train, 64, 0, 64, "class_aware")
    batches.at(0)
    start = time.thread_time()
    for k in range(40):
        batches.at(64 * k)
    assert 40 * 64 / (time.thread_time() - start) > 5000
