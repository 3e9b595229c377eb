"""How much clips move, and where they are cut, by hand."""

from __future__ import annotations

import numpy as np

from experiments.clip.measure import cuts_of, motion_of, steps_of


def grey(*levels: int) -> np.ndarray:
    """A clip whose frames have one level each."""
    return np.array(levels, np.uint8)[:, None, None, None].repeat(2, 1).repeat(3, 2)


def test_motion_is_the_mean_step_in_a_second() -> None:
    clip = grey(0, 10, 30, 30)
    assert steps_of(clip).tolist() == [10, 20, 0]
    assert motion_of(clip, 5.0) == 50.0
    assert motion_of(grey(7), 5.0) == 0.0
    assert steps_of(grey(250, 5)).tolist() == [245]  # bytes do not wrap around


def test_a_cut_changes_much_and_more_than_the_rest() -> None:
    assert cuts_of(grey(0, 1, 2, 200, 201, 202)) == 1
    assert cuts_of(grey(0, 1, 2, 25, 26, 27)) == 0, "too little"
    assert cuts_of(grey(0, 100, 0, 100, 0)) == 0, "it is all fast"
    assert cuts_of(grey(0, 1, 2, 90, 91, 92, 200, 201, 202)) == 2
    assert cuts_of(grey(5)) == 0
