"""How much clips move and how steady they are, worked out by hand."""

from __future__ import annotations

import pytest
import torch

from experiments.metric import Consistency, MotionEnergy
from experiments.metric.motion import consistency, motion_energy, shuffled, stills
from experiments.metric.result import Undefined
from experiments.terminal.error import UserError


def test_motion_energy_is_the_mean_change_in_grey_levels() -> None:
    still = torch.full((1, 3, 4, 2, 2), 0.3)
    # One channel, two pixels: 0 -> 1 -> 1 and 0 -> 0 -> -1, so |changes| are 1, 0, 0, 1.
    moving = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, -1.0]]).view(1, 1, 3, 1, 2)
    assert motion_energy(still).tolist() == [0.0]
    assert motion_energy(moving).tolist() == [0.5 * 127.5]
    assert motion_energy(moving[:, :, :1]).tolist() == [0.0]
    metric = MotionEnergy()
    metric.update(moving)
    metric.update(moving * 0)
    assert metric.compute() == 0.25 * 127.5


def test_consistency_is_the_mean_distance_of_two_frames() -> None:
    # Three frames at (0, 0), (3, 4), (0, 0): distances 5, 0, 5.
    features = torch.tensor([[[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]])
    assert consistency(features).tolist() == pytest.approx([10 / 3])
    assert consistency(features * 0).tolist() == [0.0]
    metric = Consistency()
    metric.update(torch.cat((features, features * 0)))
    assert metric.compute().item() == pytest.approx(5 / 3)


def test_a_mean_of_nothing_or_of_what_is_not_finite_is_refused() -> None:
    with pytest.raises(UserError, match="no clip"):
        MotionEnergy().compute()
    metric = MotionEnergy()
    metric.update(torch.full((1, 1, 2, 1, 1), torch.nan))
    with pytest.raises(Undefined):
        metric.compute()


def test_shuffled_clips_have_the_same_frames_in_another_order() -> None:
    clips = torch.arange(4.0).view(1, 1, 4, 1, 1).expand(50, 1, 4, 1, 1)
    found = shuffled(clips, range(50)).flatten(1)
    assert torch.equal(found.sort(1).values, torch.arange(4.0).expand(50, 4))
    assert not (found == torch.arange(4.0)).all(1).any()
    assert not (found == torch.arange(4.0).flip(0)).all(1).any()
    assert torch.equal(found, shuffled(clips, range(50)).flatten(1)), "drawn by the seeds"
    assert len(found.unique(dim=0)) > 5


def test_every_still_is_one_frame_that_stands() -> None:
    clips = torch.arange(8.0).view(1, 1, 8, 1, 1).expand(2, 1, 8, 3, 3)
    found = stills(clips, 4)
    assert found.shape == (2, 4, 1, 8, 3, 3)
    assert [one.unique().tolist() for one in found[0]] == [[0.0], [2.0], [5.0], [7.0]]
    assert stills(clips[:, :, :2], 4).shape == (2, 2, 1, 2, 3, 3)
