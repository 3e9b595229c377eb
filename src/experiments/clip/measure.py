"""What is known of a clip before anything is trained on it: how large it is, how much it moves, and
how often it is cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

SMALL = 32  # px of the shorter side of frames that are compared
CUT = 30.0  # grey levels of 255 by which a pixel changes in the mean where a clip is cut, at least
TIMES = 3.0  # as much as in the middle one of its steps, at least: fast motion is no cut


def steps_of(frames: np.ndarray) -> np.ndarray:
    """By how many of 255 grey levels a pixel changes in the mean from each frame to the next,
    float64 (T - 1,), of frames uint8 (T, H, W, C)."""
    changes = [np.abs(after.astype(np.int16) - before).mean() for before, after in pairwise(frames)]
    return np.array(changes, np.float64)


def motion_of(frames: np.ndarray, rate: float) -> float:
    """The same in a second, of `rate` frames a second; 0 for a single frame."""
    return float(steps_of(frames).mean() * rate) if len(frames) > 1 else 0.0


def cuts_of(frames: np.ndarray) -> int:
    """How many steps are cuts (this project's choice): they change much, and much more than the
    clip does elsewhere."""
    steps = steps_of(frames)
    if not len(steps):
        return 0
    return int(((steps >= CUT) & (steps >= TIMES * np.median(steps))).sum())
