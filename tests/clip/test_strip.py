"""Strips: frames side by side, there and back."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.clip.strip import from_strip, to_strip
from experiments.terminal.error import BadInput

FRAMES = np.random.default_rng(0).integers(0, 256, (5, 6, 6, 3), dtype=np.uint8)


def test_there_and_back() -> None:
    tall, long = to_strip(FRAMES, "vertical"), to_strip(FRAMES, "horizontal")
    assert tall.shape == (30, 6, 3) and long.shape == (6, 30, 3)
    assert np.array_equal(tall[12:18], FRAMES[2]) and np.array_equal(long[:, 12:18], FRAMES[2])
    assert np.array_equal(from_strip(tall), FRAMES) and np.array_equal(from_strip(long), FRAMES)


def test_frames_that_are_no_squares_are_counted() -> None:
    wide = np.random.default_rng(1).integers(0, 256, (4, 3, 8, 1), dtype=np.uint8)
    for axis in ("vertical", "horizontal"):
        assert np.array_equal(from_strip(to_strip(wide, axis), 4, axis), wide)  # type: ignore[arg-type]


def test_what_is_no_strip() -> None:
    for strip, count in ((np.zeros((31, 6, 3)), None), (np.zeros((6, 20, 3)), None)):
        with pytest.raises(BadInput, match="is no whole number of frames"):
            from_strip(strip.astype(np.uint8), count)
    with pytest.raises(BadInput, match="strip of 6 x 30 px"):
        from_strip(np.zeros((30, 6, 3), np.uint8), 7)
