"""Which frames of a clip are stored, and how each becomes a square."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.clip.form import ClipForm, spread


def level(values: list[int], side: int = 4, channels: int = 3) -> np.ndarray:
    """Frames of one level each."""
    return np.stack([np.full((side, side, channels), value, np.uint8) for value in values])


def levels(frames: np.ndarray) -> list[int]:
    return [int(value) for value in frames[:, 0, 0, 0]]


def test_without_a_rate_frames_lie_at_equal_distances_over_the_whole_clip() -> None:
    form = ClipForm(4, 4)
    assert form.taken(np.arange(10) / 25).tolist() == [0, 3, 6, 9]
    assert form.taken(np.arange(4) / 25).tolist() == [0, 1, 2, 3]
    assert levels(form.of(level([*range(10)]), np.arange(10) / 25)) == [0, 3, 6, 9]


def test_a_short_clip_repeats_its_last_frame() -> None:
    assert ClipForm(5, 4).taken(np.arange(3) / 25).tolist() == [0, 1, 2, 2, 2]
    assert ClipForm(5, 4, rate=10).taken(np.arange(3) / 10).tolist() == [0, 1, 2, 2, 2]


def test_with_a_rate_the_frame_that_is_seen_at_each_moment_counts() -> None:
    form = ClipForm(5, 4, rate=10)
    # Shown at 25 a second: at 0, 0.1, 0.2, 0.3 and 0.4 s frames 0, 2 (since 0.08), 5, 7 and 10.
    assert form.taken(np.arange(20) / 25).tolist() == [0, 2, 5, 7, 10]
    # Of variable rate, and not from zero: each until the next comes.
    assert form.taken(np.array([2.0, 2.05, 2.21, 2.3, 9.0])).tolist() == [0, 1, 1, 3, 3]


def test_times_that_were_rounded_are_no_frame_late() -> None:
    times = np.arange(30) / 30 + 1e-9
    times[0] = 0
    assert ClipForm(10, 4, rate=15).taken(times).tolist() == [*range(0, 20, 2)]


def test_more_frames_can_be_kept_than_are_given() -> None:
    form = ClipForm(4, 4, stride=2, kept=10)
    assert (form.span, form.room, form.shape) == (7, 3, (3, 4, 4, 4))
    assert ClipForm(4, 4, stride=2).kept == 7
    assert ClipForm(4, 4, rate=10, kept=20).seconds == 2.0
    assert ClipForm(4, 4, rate=10, stride=2).pace == 5.0
    with pytest.raises(AssertionError, match="at least the 7 frames"):
        ClipForm(4, 4, stride=2, kept=6)


def test_a_frame_becomes_its_central_square_each_px_the_mean_of_its_area() -> None:
    frame = np.zeros((4, 8, 3), np.uint8)
    frame[:, 2:4], frame[:, 4:6] = 40, 80
    frame[0, 2] = 80  # a quarter of the area of one px: 40 + 40 / 4
    frame[:, :2], frame[:, 6:] = 255, 255  # cut away
    assert ClipForm(1, 2).squared(frame)[..., 0].tolist() == [[50, 80], [40, 80]]
    assert ClipForm(1, 4).squared(frame).tolist() == frame[:, 2:6].tolist()
    assert ClipForm(1, 2, margin=2.0).squared(frame).shape == (4, 4, 3)


def test_grey_and_colour_become_one_another() -> None:
    grey = np.full((2, 2, 1), 77, np.uint8)
    assert ClipForm(1, 2).squared(grey).tolist() == [[[77] * 3] * 2] * 2
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert ClipForm(1, 2, channels=1).squared(red).tolist() == [[[76]] * 2] * 2  # 0.299 of 255


def test_the_frames_of_a_strip_have_the_first_and_the_last_among_them() -> None:
    assert spread(16, 8) == [0, 2, 4, 6, 9, 11, 13, 15]
    assert spread(3, 8) == [0, 1, 2]
    assert spread(1, 8) == [0]
