"""Points on the way, worked out by hand."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from torch import Tensor

from experiments.sample.interpolation import (
    BETWEEN,
    Interpolation,
    linear,
    mixed_words,
    shares,
    spherical,
    way,
)

HALF = torch.tensor([0.5])


def vector(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float32)


def test_linear() -> None:
    found = way(vector(0, 4), vector(8, 0), 5)
    assert found.tolist() == [[0, 4], [2, 3], [4, 2], [6, 1], [8, 0]]


def test_spherical_turns_evenly() -> None:
    found = way(vector(1, 0), vector(0, 1), 4, "spherical")
    # 0, 30, 60 and 90 degrees.
    expected = [[1, 0], [sqrt(3) / 2, 0.5], [0.5, sqrt(3) / 2], [0, 1]]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_the_length_grows_evenly_whatever_the_direction() -> None:
    middle = spherical(vector(1, 0), vector(0, 3), HALF)
    torch.testing.assert_close(middle, vector(sqrt(2), sqrt(2)))  # 45 degrees, length 2
    found = way(vector(1, 2, 2), vector(0, -6, 0), 7, "spherical").norm(dim=1)
    torch.testing.assert_close(found, vector(3, 3.5, 4, 4.5, 5, 5.5, 6))


def test_noise_keeps_its_length_on_the_sphere_alone() -> None:
    start, end = torch.randn(2, 400, generator=torch.Generator().manual_seed(0))
    length = (start.norm() + end.norm()) / 2
    torch.testing.assert_close(spherical(start, end, HALF).norm(), length)
    assert linear(start, end, HALF).norm() < 0.75 * length


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (vector(1, 2), vector(3, 6)),  # one direction
        (vector(1, 2), vector(1, 2)),
        (vector(1, 2), vector(1, 2) * (1 + 1e-7)),
        (vector(1, 0), vector(-1, 0)),  # opposite: every great circle joins them
        (vector(0, 0), vector(1, 1)),  # no direction
        (vector(0, 0), vector(0, 0)),
    ],
)
def test_without_one_great_circle_the_way_is_straight(start: Tensor, end: Tensor) -> None:
    for found, expected in zip(way(start, end, 5, "spherical"), way(start, end, 5), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("kind", BETWEEN)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_both_ends_come_out_as_they_are(kind: Interpolation, scale: float) -> None:
    start, end = scale * torch.randn(2, 64, generator=torch.Generator().manual_seed(3))
    found = way(start, end, 5, kind)
    assert torch.equal(found[0], start) and torch.equal(found[-1], end)
    back = way(end, start, 5, kind).flip(0)
    torch.testing.assert_close(found, back, rtol=1e-5, atol=1e-6 * scale)


def test_nearly_parallel_is_no_step() -> None:
    """Where `spherical` gives way to `linear` the two agree."""
    for angle in (1e-7, 9e-7, 1.1e-6, 1e-5):
        end = torch.tensor([1.0, angle], dtype=torch.float64)
        found = spherical(torch.tensor([1.0, 0.0], dtype=torch.float64), end, HALF)
        torch.testing.assert_close(found[1].item(), angle / 2, rtol=1e-6, atol=0)


def test_rows_are_worked_out_on_their_own() -> None:
    start = torch.stack((vector(1, 0), vector(1, 2)))
    end = torch.stack((vector(0, 1), vector(3, 6)))
    found = spherical(start, end, HALF)
    torch.testing.assert_close(found, torch.stack((vector(sqrt(0.5), sqrt(0.5)), vector(2, 4))))


def test_a_way_has_two_ends() -> None:
    assert shares(2).tolist() == [0, 1] and shares(3).tolist() == [0, 0.5, 1]
    with pytest.raises(AssertionError, match="two ends"):
        shares(1)


def test_words_of_two_captions_as_one_set() -> None:
    words = torch.arange(6.0).view(2, 3), -torch.arange(6.0).view(2, 3)
    masks = torch.tensor([True, True, True]), torch.tensor([True, False, False])
    both, weights = mixed_words(words, masks, shares(3))
    assert both.shape == (3, 2, 6) and torch.equal(both[1], torch.cat(words, dim=1))
    assert weights.tolist() == [[1, 1, 1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5, 0, 0], [0, 0, 0, 1, 0, 0]]
