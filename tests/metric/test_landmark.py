from __future__ import annotations

import pytest
import torch

from experiments.metric.landmark import LandmarkScores, landmark_error, shape_correlation

# A box of 4 by 1: its size is 2.
FACE = torch.tensor([[[0.0, 0.0], [4.0, 0.0], [0.0, 1.0]]])
FACES = torch.rand(20, 5, 2, generator=torch.Generator().manual_seed(0))


def test_the_error_by_hand_is_a_share_of_the_faces_size() -> None:
    told = FACE + torch.tensor([[0.0, 0.0], [0.0, 3.0], [0.0, 0.0]])
    assert landmark_error(told, FACE) == pytest.approx(3 / 3 / 2)
    assert landmark_error(7 * told, 7 * FACE) == pytest.approx(0.5)


def test_the_shape_is_neither_place_nor_size() -> None:
    moved = FACES * torch.linspace(1, 3, 20)[:, None, None] + torch.rand(20, 1, 2)
    assert shape_correlation(moved, FACES) == pytest.approx(1.0, abs=1e-6)
    others = FACES.roll(7, 0)
    assert abs(shape_correlation(others, FACES)) < 0.2
    assert shape_correlation(FACES.mean(0).expand(20, -1, -1), FACES) == 0.0


def test_voice_and_face_beside_the_truth_and_chance() -> None:
    metric = LandmarkScores()
    for rows in (slice(0, 12), slice(12, 20)):
        metric.update(FACES[rows] + 0.1, FACES[rows], FACES[rows])
    found = metric.compute()
    assert found["landmark_error/decoded"] == 0
    assert found["shape_correlation/decoded"] == pytest.approx(1.0)
    assert found["shape_correlation"] == pytest.approx(1.0, abs=1e-5)
    assert found["landmark_error"] == pytest.approx(landmark_error(FACES + 0.1, FACES))
    assert found["landmark_error/chance"] > found["landmark_error"]
