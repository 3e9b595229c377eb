"""Colour consistency: statistics of pixels, not of places."""

from __future__ import annotations

import pytest
import torch

from experiments.loss.colour import ColourLoss, colour_statistics


def test_statistics_of_two_pixels_by_hand() -> None:
    image = torch.tensor([[[[1.0, 3.0]], [[0.0, 0.0]], [[2.0, -2.0]]]])
    mean, covariance = colour_statistics(image)
    torch.testing.assert_close(mean, torch.tensor([[2.0, 0.0, 0.0]]))
    expected = torch.tensor([[[1.0, 0.0, -2.0], [0.0, 0.0, 0.0], [-2.0, 0.0, 4.0]]])
    torch.testing.assert_close(covariance, expected)


def test_an_enlarged_picture_has_the_same_colours() -> None:
    small = torch.rand(2, 3, 4, 4) * 2 - 1
    large = small.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    assert float(ColourLoss()(large, small)) == pytest.approx(0.0, abs=1e-10)


def test_a_shift_of_all_pixels_costs_its_square() -> None:
    small = torch.rand(2, 3, 4, 4)
    assert float(ColourLoss()(small + 0.5, small)) == pytest.approx(0.25, rel=1e-5)


def test_the_smaller_picture_is_the_reference() -> None:
    large, small = (torch.rand(1, 3, s, s, requires_grad=True) for s in (8, 4))
    ColourLoss()(large, small).backward()
    assert large.grad is not None and small.grad is None
