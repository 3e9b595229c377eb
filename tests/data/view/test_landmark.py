from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.data.store.dataset import Dataset
from experiments.data.view.landmark import LandmarkView
from experiments.terminal.error import UserError

SIDE, COUNT = 16, 3


def write(path: Path, keys: list[str], **others: object) -> str:
    """Points of every key, its number beside them."""
    points = {key: [[0.0, 0.5], [1.0, 0.25], [k / 100, 0.0]] for k, key in enumerate(keys)}
    path.write_text(json.dumps(points | others))
    return str(path)


@pytest.fixture
def keys(birds: Dataset) -> list[str]:
    return [record.key for record in birds.records()]


def test_shares_of_a_picture_are_points_from_minus_one_to_one(
    birds: Dataset, keys: list[str], tmp_path: Path
) -> None:
    view = LandmarkView(write(tmp_path / "a.json", keys), COUNT, SIDE).open(birds, birds.test)
    rows = np.array([0, 2])
    found = view.real(rows).points
    assert found.shape == (2, COUNT, 2)
    numbers = [keys.index(birds.test.keys[row]) for row in rows]
    for points, number in zip(found, numbers, strict=True):
        expected = torch.tensor([[-1.0, 0.0], [1.0, -0.5], [number / 50 - 1, -1.0]])
        torch.testing.assert_close(points, expected)


def test_faces_without_points_or_with_others_are_left_out_and_told(
    birds: Dataset, keys: list[str], tmp_path: Path
) -> None:
    wrong = {keys[0]: [[0, 0]], keys[1]: [[0, 0], [0.5, 2], [1, 1]], keys[2]: "points"}
    file = write(tmp_path / "b.json", keys[:-1], **wrong)
    drops = {drop.key: drop.reason for drop in LandmarkView(file, COUNT, SIDE).left_out(birds)}
    assert drops == {
        keys[0]: "landmarks that are not 3 pairs of numbers",
        keys[1]: "landmarks outside of the picture",
        keys[2]: "landmarks that are not 3 pairs of numbers",
        keys[-1]: "no landmarks",
    }


def test_points_belong_to_whole_pictures(birds: Dataset, keys: list[str], tmp_path: Path) -> None:
    file = write(tmp_path / "c.json", keys)
    for data, side in ((replace(birds, flip=True), SIDE), (birds, SIDE - 1)):
        with pytest.raises(UserError, match=r"set data\.margin=1 and data\.flip=false"):
            LandmarkView(file, COUNT, side).open(data, data.test)


@pytest.mark.parametrize(
    ("content", "reason"), [("[1]", "must be"), ("{", "is no JSON"), (None, "cannot be read")]
)
def test_a_file_that_is_none(
    birds: Dataset, tmp_path: Path, content: str | None, reason: str
) -> None:
    path = tmp_path / f"{reason}.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=reason):
        LandmarkView(str(path), COUNT, SIDE).left_out(birds)
