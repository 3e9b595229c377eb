"""Frames of a video file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.clip.form import ClipForm


def read_clip(path: Path, form: ClipForm) -> np.ndarray:
    """Frames as a data set stores them, uint8 (kept, stored, stored, channels): those that
    `form.taken` names by their presentation times, each as `form.squared` has it. No more than
    `form.seconds` of the file are read. Raises `BadInput` for a file that is no video."""
    raise NotImplementedError(path)
