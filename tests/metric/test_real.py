from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
import torch

from experiments.data.store.dataset import Dataset
from experiments.metric.real import at_once, captions_for, crop_of, real_images
from experiments.terminal.error import UserError


def test_every_image_comes_once_before_one_comes_twice(birds: Dataset) -> None:
    split = birds.test
    rows = captions_for(split, 30, seed=0)
    images = split.caption_image[rows]
    assert len(rows) == 30 and sorted(images[:12]) == sorted(images[12:24]) == list(range(12))
    assert max(Counter(rows.tolist()).values()) == 1  # another caption each time
    assert captions_for(split, 5, seed=0).tolist() == rows[:5].tolist()
    assert captions_for(split, 30, seed=1).tolist() != rows.tolist()


def test_captions_come_again_when_all_were_there(birds: Dataset) -> None:
    counts = Counter(captions_for(birds.test, 240, seed=0).tolist())
    assert sorted(counts) == list(range(120)) and set(counts.values()) == {2}


def test_real_images_are_the_middle_of_the_pictures(birds: Dataset) -> None:
    rows = np.array([3, 0])
    whole = real_images(birds.test, rows, 16, torch.device("cpu"))
    levels = torch.from_numpy(birds.test.images[rows]).permute(0, 3, 1, 2)
    torch.testing.assert_close(whole, levels / 127.5 - 1)
    part = real_images(birds.test, rows, 12, torch.device("cpu"))
    assert torch.equal(part, whole[:, :, 2:14, 2:14])


def test_large_pictures_come_in_smaller_batches() -> None:
    assert [at_once(size) for size in (64, 256, 512, 1024, 8192)] == [64, 64, 16, 4, 1]


def test_no_records_to_score_are_named(birds: Dataset) -> None:
    nothing = birds.test.only(np.zeros(len(birds.test), bool))
    with pytest.raises(UserError, match=r"no test records, so there is nothing to score"):
        captions_for(nothing, 12, 0)


def test_pictures_that_were_jpeg_have_another_crop_on_record(birds: Dataset) -> None:
    """And with it another file of what is remembered of real pictures."""
    assert crop_of(birds, 8) == f"central 8 of {birds.size} px"
    encoded = dataclasses.replace(birds, store="encoded")
    assert crop_of(encoded, 8) == f"central 8 of {birds.size} px, kept as JPEG"
    assert crop_of(dataclasses.replace(birds, store="stream"), 8) == crop_of(birds, 8)
