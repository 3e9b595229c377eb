from __future__ import annotations

import math

import pytest
import torch

from experiments.clip.hidden import Hiding
from experiments.metric.completion import HiddenScores, decibel, nearest_known
from experiments.metric.meaning import better, plain_names


def test_a_hidden_frame_is_a_copy_of_the_nearest_known_one() -> None:
    clips = torch.arange(6.0).view(1, 1, 6, 1, 1).expand(2, 3, 6, 4, 4)
    hidden = torch.zeros(2, 1, 6, 4, 4, dtype=torch.bool)
    hidden[0, :, 1:5] = True  # 0 and 5 are known
    hidden[1, :, :2] = True
    found = nearest_known(clips, hidden)
    assert found[0, 0, :, 0, 0].tolist() == [0, 0, 0, 5, 5, 5]
    assert found[1, 2, :, 3, 1].tolist() == [2, 2, 2, 3, 4, 5]


def test_a_tie_is_of_the_earlier_frame() -> None:
    clips = torch.arange(3.0).view(1, 1, 3, 1, 1).expand(1, 1, 3, 2, 2)
    hidden = torch.zeros(1, 1, 3, 2, 2, dtype=torch.bool)
    hidden[:, :, 1] = True
    assert nearest_known(clips, hidden)[0, 0, :, 0, 0].tolist() == [0, 0, 2]


def test_a_box_is_filled_from_around_it() -> None:
    clips = torch.zeros(1, 1, 2, 5, 5)
    clips[..., 3:] = 1.0  # columns 3 and 4
    hidden = torch.zeros(1, 1, 2, 5, 5, dtype=torch.bool)
    hidden[..., 1:4, 1:4] = True
    clips[hidden] = 9.0  # never looked at
    found = nearest_known(clips, hidden)[0, 0, 1]
    assert found.max() <= 1 and found.min() >= 0
    assert found[2, 1] == 0 and found[2, 3] == 1 and 0 < found[2, 2] < 1


def test_scores_by_hand() -> None:
    real = torch.zeros(2, 1, 2, 2, 2)
    hidden = torch.zeros(2, 1, 2, 2, 2, dtype=torch.bool)
    hidden[:, :, 1] = True
    made, copied = real.clone(), real.clone()
    made[0, :, 1], made[:, :, 0] = 0.2, 1.0  # what is known does not count
    copied[:, :, 1] = -1.0
    score = HiddenScores()
    score.update(made[:1], copied[:1], real[:1], hidden[:1])
    score.update(made[1:], copied[1:], real[1:], hidden[1:])
    found = score.compute()
    assert found["l1"] == pytest.approx(0.1 * 127.5)
    assert found["l1/copy"] == pytest.approx(127.5)
    assert found["psnr"] == pytest.approx(10 * math.log10(4 / 0.02))
    assert found["psnr/copy"] == pytest.approx(10 * math.log10(4))


def test_what_was_there_scores_0() -> None:
    real = torch.rand(3, 3, 4, 6, 6) * 2 - 1
    hidden = Hiding("both").masks(torch.rand(3, 3), 4, 6)
    score = HiddenScores()
    score.update(real, nearest_known(real, hidden), real, hidden)
    found = score.compute()
    assert found["l1"] == 0 and found["psnr"] == math.inf and found["l1/copy"] > 0
    assert decibel(torch.tensor([4.0])) == 0


def test_a_row_s_copy_is_its_own() -> None:
    real = torch.rand(3, 1, 4, 6, 6)
    hidden = Hiding("both").masks(torch.rand(3, 3), 4, 6)
    whole = nearest_known(real, hidden)
    torch.testing.assert_close(nearest_known(real[1:2], hidden[1:2]), whole[1:2])


def test_which_way_is_better() -> None:
    assert better("hidden_l1/frames") == "lower" and better("hidden_psnr/box") == "higher"
    assert plain_names(["hidden_l1/box", "hidden_l1/box/copy", "hidden_l1/box/real"]) == [
        "hidden_l1/box"
    ]
