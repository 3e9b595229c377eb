"""How much of a video file is read, and what is read of it: files are whoever's."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from experiments.terminal.error import BadInput


@dataclass(frozen=True)
class Bounds:
    """What a clip may ask for before it is refused. pixels: of one frame, as it is stored; an 8K
    film has 33 million. frames: that are given. held: bytes of all frames that are given. cpu:
    seconds of one core that its frames may take."""

    pixels: int = 40_000_000
    frames: int = 20_000
    held: int = 1 << 30
    cpu: float = 600.0


FILM = Bounds(frames=1 << 40, held=1 << 60, cpu=float("inf"))  # of which nobody holds all frames
BOUNDS = Bounds()


class Frame(NamedTuple):
    """pixels: uint8 (H, W, 3), upright. time: seconds from the beginning of the file at which it is
    shown. lasts: seconds, 0 where the file does not say."""

    pixels: np.ndarray
    time: float
    lasts: float


class Watch:
    """Refuses what takes too long. It counts time of this thread alone, so that a busy machine
    refuses what a free one does."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self._spent, self._at = bounds, 0.0, time.thread_time()

    def start(self) -> None:
        """Time counts from here: what the caller did meanwhile is not of the file."""
        self._at = time.thread_time()

    def stop(self) -> None:
        """Raise `BadInput` where the file took too long."""
        self._spent += time.thread_time() - self._at
        if self._spent > self.bounds.cpu:
            raise BadInput(f"video takes more than {self.bounds.cpu:g} s to decode")


def require_size(width: int, height: int, bounds: Bounds) -> None:
    """Raise `BadInput` for frames without pixels, or with too many."""
    if width < 1 or height < 1:
        raise BadInput("video has no pixels")
    if width * height > bounds.pixels:
        raise BadInput(f"video is too large ({width} x {height} px)")


def fitted(width: int, height: int, side: int | None) -> tuple[int, int]:
    """The size whose shorter side is `side`, of one that is larger; else the same."""
    shorter = min(width, height)
    if side is None or shorter <= side:
        return width, height
    return max(1, round(width * side / shorter)), max(1, round(height * side / shorter))
