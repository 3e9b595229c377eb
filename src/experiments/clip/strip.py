"""Strips: the frames of a clip side by side in one picture, there and back.

VGAN (Vondrick 2016) stores each clip as a tall JPEG, 128 px wide, frames from top to bottom; the
pipeline of 2017 sees its clips as long ones, from left to right.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, PngImagePlugin

from experiments.terminal.error import BadInput

Axis = Literal["vertical", "horizontal"]
SAID = "clip"  # the text of a PNG that says what its frames are
MAX_PIXELS = 300_000_000  # of a strip in memory
MAX_FRAMES = 100_000


def to_strip(frames: np.ndarray, axis: Axis = "horizontal") -> np.ndarray:
    """(T, H, W, C) as (T H, W, C), or as (H, T W, C)."""
    count, height, width, channels = frames.shape
    if axis == "vertical":
        return frames.reshape(count * height, width, channels)
    return frames.transpose(1, 0, 2, 3).reshape(height, count * width, channels)


def from_strip(strip: np.ndarray, count: int | None = None, axis: Axis | None = None) -> np.ndarray:
    """The frames (T, H, W, C) of a strip (H, W, C).

    count: T; None: frames are squares as wide as the strip's shorter side. axis: None: along its
    longer side. Raises `BadInput` for a strip that is no whole number of frames.
    """
    height, width, channels = strip.shape
    axis = axis or ("vertical" if height >= width else "horizontal")
    along, across = (height, width) if axis == "vertical" else (width, height)
    if count is None:
        count = along // across if along % across == 0 else 0
    if count < 1 or along % count:
        raise BadInput(f"strip of {width} x {height} px is no whole number of frames")
    if axis == "vertical":
        return strip.reshape(count, height // count, width, channels)
    parts = strip.reshape(height, count, width // count, channels)
    return np.ascontiguousarray(parts.transpose(1, 0, 2, 3))


def save_strip(path: Path, frames: np.ndarray, rate: float, axis: Axis = "horizontal") -> None:
    """A PNG that says how many frames it has, and their rate. frames: uint8 (T, H, W, 1 or 3)."""
    strip = to_strip(frames, axis)
    about = PngImagePlugin.PngInfo()
    about.add_text(SAID, json.dumps({"frames": len(frames), "rate": rate, "axis": axis}))
    Image.fromarray(strip[..., 0] if strip.shape[-1] == 1 else strip).save(
        path, "PNG", pnginfo=about
    )


def said_of_strip(image: Image.Image) -> tuple[int, float, Axis] | None:
    """Frames, rate and axis that a PNG says; None for any other picture."""
    text: Any = getattr(image, "text", {}).get(SAID)
    if not isinstance(text, str) or len(text) > 1000:
        return None
    try:
        found = json.loads(text)
        count, rate, axis = found["frames"], float(found["rate"]), found["axis"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    fits = type(count) is int and 0 < count <= MAX_FRAMES and math.isfinite(rate) and rate > 0
    return (count, rate, axis) if fits and axis in ("vertical", "horizontal") else None
