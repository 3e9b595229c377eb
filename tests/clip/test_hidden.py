from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.clip.hidden import NUMBERS, Hiding


def masks(what: str, share: float, frames: int = 8, side: int = 12, count: int = 400) -> Tensor:
    uniform = torch.rand(count, NUMBERS, generator=torch.Generator().manual_seed(0))
    return Hiding(what, share).masks(uniform, frames, side)  # type: ignore[arg-type]


def test_a_stretch_of_frames() -> None:
    found = masks("frames", 0.5)
    assert found.shape == (400, 1, 8, 12, 12) and found.dtype == torch.bool
    whole = found.flatten(3)
    assert torch.equal(whole.all(3), whole.any(3)), "a frame is hidden as a whole or not at all"
    frames = whole.all(3)[:, 0]
    assert (frames.sum(1) == 4).all()
    first = frames.int().argmax(1)
    assert set(first.tolist()) == {0, 1, 2, 3, 4}, "it begins anywhere"
    assert torch.equal(frames.int().diff(dim=1).abs().sum(1) <= 2, torch.ones(400, dtype=bool))


def test_a_box_is_the_same_in_all_frames() -> None:
    found = masks("box", 0.25)[:, 0]
    assert torch.equal(found, found[:, :1].expand_as(found))
    assert (found[:, 0].flatten(1).sum(1) == 36).all(), "a quarter of 12 x 12"
    rows, columns = found[:, 0].any(2), found[:, 0].any(1)
    assert (rows.sum(1) == 6).all() and (columns.sum(1) == 6).all()
    assert (
        set(rows.int().argmax(1).tolist()) == set(columns.int().argmax(1).tolist()) == {*range(7)}
    )


def test_either_with_equal_chances() -> None:
    found = masks("both", 0.5)[:, 0]
    stretches = found.flatten(2).all(2).any(1)
    assert 0.4 < stretches.float().mean() < 0.6
    assert set(found[stretches].flatten(2).all(2).int().argmax(1).tolist()) == {0, 1, 2, 3, 4}
    boxes = found[~stretches]
    assert torch.equal(boxes, boxes[:, :1].expand_as(boxes))


@pytest.mark.parametrize("share", [0.001, 0.999])
@pytest.mark.parametrize("what", ["frames", "box"])
def test_something_is_hidden_and_something_known(what: str, share: float) -> None:
    found = masks(what, share, 2, 3, 50).flatten(1)
    assert found.any(1).all() and not found.all(1).any()


def test_a_row_is_a_function_of_its_own_numbers() -> None:
    uniform = torch.rand(6, NUMBERS)
    hiding = Hiding("both", 0.4)
    assert torch.equal(hiding.masks(uniform, 4, 8)[2:3], hiding.masks(uniform[2:3], 4, 8))


def test_one_frame_has_a_box_alone() -> None:
    with pytest.raises(AssertionError, match="one frame"):
        Hiding("frames").masks(torch.rand(2, NUMBERS), 1, 8)
    assert Hiding("box").masks(torch.rand(2, NUMBERS), 1, 8).any()
