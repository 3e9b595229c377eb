"""Clips in files: opened within bounds, upright, frame by frame with the time of each.

What a file is, is told from its content, not its name: GIF, animated WebP and PNG by Pillow, every
other container by PyAV (the extra `video`). Whatever is wrong with a file becomes one `BadInput`
with the reason, never another exception.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np

from experiments.clip.animation import animation_frames, is_animation
from experiments.clip.bound import BOUNDS, Bounds, Frame
from experiments.clip.video import SUFFIXES, package, video_frames
from experiments.terminal.error import BadInput

ANIMATIONS = (".gif", ".webp", ".apng")
CLIPS = (*SUFFIXES, *ANIMATIONS)
LATE = 1e-6  # seconds by which times are rounded


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip in memory. frames: uint8 (T, H, W, 3). times: float64 (T,) seconds from the first
    frame at which each is shown. seconds: until the last is shown no more."""

    frames: np.ndarray
    times: np.ndarray
    seconds: float

    @property
    def rate(self) -> float:
        """Frames a second, in the mean."""
        return len(self.frames) / self.seconds

    def at(self, moments: np.ndarray) -> np.ndarray:
        """The number of the frame (n,) that is seen at each moment (n,) in seconds: the first
        before the beginning, the last after the end."""
        found = np.searchsorted(self.times, np.asarray(moments) + LATE, side="right") - 1
        return found.clip(0, len(self.times) - 1)


def is_clip(name: str) -> bool:
    """Whether the name is that of a clip, in any case of letters."""
    return PurePosixPath(name).suffix.lower() in CLIPS


def needs_package(name: str) -> bool:
    """Whether a file of this name is read by the extra `video`."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def require_package() -> None:
    """Raise `UserError` where the extra `video` is missing."""
    package()


def frames_of(
    path: Path, side: int | None = None, start: float = 0.0, bounds: Bounds = BOUNDS
) -> Iterator[Frame]:
    """The frames from that which is shown at `start` seconds, in the order in which they are shown.

    side: frames are made smaller to this shorter side, each px the mean of the area that it covers;
    smaller ones stay as they are. They are turned as the file says, and their pixels are squares.
    Raises `BadInput`, maybe after some frames, for what is no clip, is broken, ends before its
    header says, or asks for more than `bounds`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would keep whoever opens it waiting
            raise BadInput("not a file")
        if not status.st_size:
            raise BadInput("file is empty")
        with path.open("rb") as file:
            head = file.read(32)
        if not is_animation(head):
            yield from video_frames(path, side, bounds, start)
            return
        for frame in animation_frames(path, side, bounds):
            if frame.time + frame.lasts > start + LATE:
                yield frame
    except FileNotFoundError:
        raise BadInput("file is missing") from None
    except OSError as error:
        raise BadInput(f"file cannot be read ({error.strerror})") from None


def read_clip(
    path: Path,
    side: int | None = None,
    start: float = 0.0,
    seconds: float | None = None,
    bounds: Bounds = BOUNDS,
) -> Clip:
    """The frames that are shown from `start` on, for `seconds` or until the end; see `frames_of`.

    Raises `BadInput` likewise, for a clip with nothing from `start` on, and for one with more
    frames or bytes than `bounds`.
    """
    frames, times, lasts, held = list[np.ndarray](), list[float](), 0.0, 0
    for frame in frames_of(path, side, start, bounds):
        if seconds is not None and frame.time >= start + seconds - LATE and frames:
            break
        if frames and frame.pixels.shape != frames[0].shape:
            raise BadInput("video changes its size")
        frames.append(frame.pixels)
        times.append(frame.time)
        lasts = frame.lasts
        held += frame.pixels.nbytes
        if len(frames) > bounds.frames:
            raise BadInput(f"video has more than {bounds.frames:,} frames; cut it into clips")
        if held > bounds.held:
            raise BadInput(f"video needs more than {bounds.held:,} bytes of memory")
    if not frames:
        raise BadInput(f"video ends before {start:g} s" if start else "video has no frames")
    steps = [after - before for before, after in pairwise(times)]
    last = lasts or (float(np.median(steps)) if steps else 0.04)
    shown = np.array(times, np.float64) - times[0]
    return Clip(np.stack(frames), shown, float(shown[-1] + max(last, 1e-3)))
