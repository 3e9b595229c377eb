"""Hand-worked statistics of ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.human.agreement import interval, kendall_w, preferred

T_1, T_2 = 12.7062, 4.3027  # Student's t, 95 %, with 1 and 2 degrees of freedom


def test_kendall_w_of_a_worked_example() -> None:
    # Sums of ranks 4, 6, 8 with mean 6: S = 8, W = 12 * 8 / (9 * 24).
    ranks = np.array([[1, 2, 3], [1, 3, 2], [2, 1, 3]])
    assert kendall_w(ranks) == pytest.approx(4 / 9)
    # Sums 5, 10, 10, 15 of five people: S = 50, W = 600 / (25 * 60).
    ranks = np.array([[1, 2, 3, 4], [1, 3, 2, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1, 3, 2, 4]])
    sums = ranks.sum(0)
    assert sums.tolist() == [5, 12, 13, 20]
    assert kendall_w(ranks) == pytest.approx(12 * (7.5**2 + 0.5**2 + 0.5**2 + 7.5**2) / 1500)


def test_kendall_w_at_its_ends_and_by_chance() -> None:
    assert kendall_w(np.array([[2, 1, 3, 4]] * 6)) == 1
    assert kendall_w(np.array([[1, 2, 3], [3, 2, 1]])) == 0
    rng = np.random.default_rng(0)
    drawn = [kendall_w(rng.permuted(np.tile([1, 2, 3, 4], (5, 1)), axis=1)) for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(1 / 5, abs=0.01)


def test_kendall_w_does_not_take_ties() -> None:
    with pytest.raises(AssertionError, match="ties"):
        kendall_w(np.array([[1, 1, 3], [1, 2, 3]]))


def test_interval_over_captions_alone_and_over_people_alone() -> None:
    values = np.array([1.0, 2.0, 3.0])  # mean 2, variance 1
    half = T_2 / math.sqrt(3)
    for shape in ((1, 3), (3, 1)):
        found = interval(values.reshape(shape), 0.95, -100, 100)
        assert found is not None
        assert [float(end) for end in found] == pytest.approx([2 - half, 2 + half], abs=1e-3)
    assert interval(np.array([[1.0]]), 0.95, 1, 3) is None


@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (3, 8)])
def test_three_who_answer_alike_may_be_wrong_about_the_fourth(shape: tuple[int, int]) -> None:
    found = interval(np.ones(shape), 0.95, 0, 1)
    # Three of three: a share of 0.05 ** (1 / 3) = 0.368 gives that in one of twenty studies.
    assert found is not None
    assert [float(end) for end in found] == pytest.approx([0.05 ** (1 / 3), 1])
    ranks = interval(np.full(shape, 2.0), 0.95, 1, 3)
    assert ranks is not None and [float(end) for end in ranks] == [1, 3]


def test_interval_over_both_adds_their_squares() -> None:
    # Means of two people 2 and 3, of three captions 1, 2.5 and 4.
    values = np.array([[0.5, 2.0, 3.5], [1.5, 3.0, 4.5]])
    half = math.sqrt(T_1**2 * 0.5 / 2 + T_2**2 * 2.25 / 3)
    found = interval(values, 0.95, -100, 100)
    assert found is not None
    assert [float(end) for end in found] == pytest.approx([2.5 - half, 2.5 + half], abs=1e-3)
    low, high = interval(values, 0.95, 1, 4) or (0, 0)
    assert (float(low), float(high)) == (1, 4)


def test_interval_holds_the_truth_though_people_are_few_and_differ() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(400):
        taste, text = rng.normal(size=(3, 1)), 0.3 * rng.normal(size=(1, 8))
        values = taste + text + 0.5 * rng.normal(size=(3, 8))
        low, high = interval(values, 0.95, -100, 100) or (0, 0)
        held += bool(low <= 0 <= high)
    assert held / 400 > 0.93


def test_preferred() -> None:
    assert preferred(np.array([[[2, 1, 3]]])).tolist() == [
        [[[0.5, 0, 1], [1, 0.5, 1], [0, 0, 0.5]]]
    ]
