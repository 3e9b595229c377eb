from __future__ import annotations

import pytest
import torch

from experiments.layer.warp import warp

CORNERS = torch.tensor([[[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [0.1, 0.0]]])


def picture(side: int = 8) -> torch.Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_points_that_stay_leave_the_picture_as_it_is() -> None:
    assert torch.allclose(warp(picture(), CORNERS, CORNERS), picture(), atol=1e-5)


def test_points_that_all_move_two_pixels_to_the_right_take_the_picture_along() -> None:
    right = CORNERS + torch.tensor([2 * 2 / 8, 0.0])
    found = warp(picture(), CORNERS, right)
    assert torch.allclose(found[..., 2:], picture()[..., :-2], atol=1e-4)
    assert torch.allclose(found[..., 0], picture()[..., 0], atol=1e-4)  # the edge repeats


def test_what_was_at_a_point_is_where_it_was_moved_to_also_where_it_bends() -> None:
    image = torch.zeros(1, 1, 64, 64)
    image[:, :, 30:34, 33:37] = 1  # about x = 0.09, y = 0
    moved = CORNERS.clone()
    moved[0, 4] = torch.tensor([-0.1, 0.2])
    found = warp(image, CORNERS, moved)[0, 0]
    row, column = divmod(int(found.argmax()), 64)
    assert abs((column + 0.5) / 32 - 1 + 0.1) < 0.08
    assert abs((row + 0.5) / 32 - 1 - 0.2) < 0.08


def test_gradients_reach_the_picture_and_both_sets_of_points() -> None:
    given = [tensor.clone().requires_grad_() for tensor in (picture(), CORNERS, CORNERS + 0.05)]
    for gradient in torch.autograd.grad(warp(*given).square().sum(), given):
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0


def test_each_row_is_bent_by_its_own_points() -> None:
    two, still = picture().expand(2, -1, -1, -1), CORNERS.expand(2, -1, -1)
    moved = torch.cat([CORNERS, CORNERS + 0.25])
    found = warp(two, still, moved)
    assert torch.allclose(found[0], picture()[0], atol=1e-5)
    assert torch.allclose(found[1:], warp(picture(), CORNERS, CORNERS + 0.25), atol=1e-6)


def test_two_points_decide_nothing() -> None:
    with pytest.raises(AssertionError, match="2 points"):
        warp(picture(), CORNERS[:, :2], CORNERS[:, :2])
