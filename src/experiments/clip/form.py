"""A stretch of a clip of one size, as networks take it, and back: into frames, and into a strip."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image

PACE = 10.0  # frames a second at which a clip is shown where its own rate is not kept
LATE = 1e-6  # seconds by which a frame may come later than it is wanted: times are rounded


class ClipForm:
    """What a system is given of a clip, (channels, frames, side, side).

    frames: T that a network takes. side: px of their square. channels: 1 or 3. rate: frames a
    second to which a clip is resampled by presentation time, from its beginning; None: `kept`
    frames at equal distances over the whole clip (TGANs-C, Pan 2017). stride: every so many of the
    kept frames are given. kept: frames that are stored, of which a random stretch is given in
    training and the middle one in evaluation; None: no more than are given. margin: of the stored
    square's side, of which a random crop of `side` px is given in training and the central one in
    evaluation.

    A clip that is too short repeats its last frame.
    """

    def __init__(
        self,
        frames: int,
        side: int,
        channels: int = 3,
        rate: float | None = None,
        stride: int = 1,
        kept: int | None = None,
        margin: float = 1.0,
    ) -> None:
        assert frames >= 1, "frames: at least 1"
        assert side >= 1, "side: at least 1 px"
        assert channels in (1, 3), "channels: 1 or 3"
        assert rate is None or rate > 0, "rate: frames a second above 0, or null"
        assert stride >= 1, "stride: at least 1"
        assert margin >= 1, "margin: at least 1.0"
        self.frames, self.side, self.channels = frames, side, channels
        self.rate, self.stride, self.margin = rate, stride, margin
        self.span = (frames - 1) * stride + 1  # of the kept frames that a stretch covers
        self.kept = self.span if kept is None else kept
        assert self.kept >= self.span, f"kept: at least the {self.span} frames of a stretch"
        self.stored = int(side * margin)  # px of the square that is stored
        self.shape = (channels, frames, side, side)

    @property
    def room(self) -> int:
        """Frames by which the beginning of a stretch can vary."""
        return self.kept - self.span

    @property
    def pace(self) -> float:
        """Frames a second at which what has this form is shown."""
        return PACE if self.rate is None else self.rate / self.stride

    @property
    def seconds(self) -> float | None:
        """How much of a clip is read at most; None: all of it."""
        return None if self.rate is None else self.kept / self.rate

    def taken(self, times: np.ndarray) -> np.ndarray:
        """Which frames (kept,) are stored of a clip whose frames are shown at `times` (n,), seconds
        that ascend: the one that is seen at each moment, or n at equal distances."""
        count = len(times)
        assert count > 0, "a clip has a frame"
        if self.rate is not None:
            moments = times[0] + np.arange(self.kept) / self.rate
            return np.searchsorted(times, moments + LATE, side="right") - 1
        if count <= self.kept:
            return np.minimum(np.arange(self.kept), count - 1)
        return np.linspace(0, count - 1, self.kept).round().astype(np.int64)

    def of(self, frames: np.ndarray, times: np.ndarray) -> np.ndarray:
        """What is stored, uint8 (kept, stored, stored, channels), of frames (T, H, W, 1 or 3) that
        are shown at `times` (T,)."""
        numbers = self.taken(times)
        used = np.unique(numbers)
        found = np.stack([self.squared(frames[number]) for number in used])
        return found[np.searchsorted(used, numbers)]

    def squared(self, frame: np.ndarray) -> np.ndarray:
        """One frame (H, W, 1 or 3) as it is stored, uint8 (stored, stored, channels): its central
        square, each px the mean of the area that it covers; larger ones are interpolated."""
        assert frame.dtype == np.uint8 and frame.ndim == 3, (frame.dtype, frame.shape)
        height, width, channels = frame.shape
        assert channels in (1, 3), frame.shape
        if channels == 3 and self.channels == 1:
            image = Image.fromarray(frame).convert("L")
        else:
            image = Image.fromarray(frame[..., 0] if channels == 1 else frame)
        short = min(height, width)
        left, top = (width - short) / 2, (height - short) / 2
        how = Image.Resampling.BOX if short >= self.stored else Image.Resampling.BILINEAR
        box = (left, top, left + short, top + short)
        found = np.asarray(image.resize((self.stored, self.stored), how, box=box))
        if found.ndim == 2:
            found = np.repeat(found[..., None], self.channels, axis=2)
        return found


def spread(count: int, wanted: int) -> list[int]:
    """Numbers of up to `wanted` of `count` frames, at equal distances, the first and the last among
    them."""
    found = np.linspace(0, count - 1, min(count, wanted)).round().astype(int).tolist()
    assert all(a < b for a, b in pairwise(found))
    return list(found)
