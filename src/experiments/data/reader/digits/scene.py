"""A clip of digits, from what is in it to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from experiments.data.reader.digits.caption import Seen
from experiments.data.reader.digits.motion import Bounce, Path
from experiments.data.reader.digits.stroke import SIDE
from experiments.data.reader.plumage.species import COLOURS


@dataclass(frozen=True, eq=False)
class Moving:
    """A digit of a clip: what it is, which glyph of those that there are, and its way."""

    seen: Seen
    number: int
    path: Path


@dataclass(frozen=True, eq=False)
class Scene:
    """All that a clip shows. background: the name of its colour, "" for black."""

    digits: tuple[Moving, ...]
    background: str = ""

    def render(
        self, glyphs: Sequence[np.ndarray], frames: int, canvas: int, bounce: Bounce = "reflect"
    ) -> np.ndarray:
        """uint8 (frames, canvas, canvas, C): C is 1 where all is grey, and 3 else. glyphs: of each
        digit, uint8 (28, 28). Grey digits are laid over each other by the pixelwise maximum, as
        released; coloured ones cover."""
        places = [
            np.rint(one.path.places(frames, canvas - SIDE, bounce) * (canvas - SIDE)).astype(int)
            for one in self.digits
        ]
        grey = not self.background and not any(one.seen.colour for one in self.digits)
        ink = [_laid(glyph, at, canvas) for glyph, at in zip(glyphs, places, strict=True)]
        if grey:
            return np.maximum.reduce(ink)[..., None]
        behind = COLOURS[self.background] if self.background else (0, 0, 0)
        pixels = np.broadcast_to(np.array(behind, np.float32), (frames, canvas, canvas, 3))
        for one, alpha in zip(self.digits, ink, strict=True):
            share = alpha[..., None].astype(np.float32) / 255
            pixels = pixels + share * (
                np.array(COLOURS[one.seen.colour or "white"], np.float32) - pixels
            )
        return np.rint(pixels).astype(np.uint8)


def _laid(glyph: np.ndarray, places: np.ndarray, canvas: int) -> np.ndarray:
    """The glyph at its place (x, y) of each frame: uint8 (frames, canvas, canvas)."""
    frames = np.zeros((len(places), canvas, canvas), np.uint8)
    for frame, (x, y) in zip(frames, places.tolist(), strict=True):
        frame[y : y + SIDE, x : x + SIDE] = glyph
    return frames


def reduced(frames: np.ndarray, side: int) -> np.ndarray:
    """uint8 (T, L, L, C) brought to `side` by areas: each new pixel is the mean of what it
    covers. A larger side repeats pixels in the same way."""
    if frames.shape[1] == side:
        return frames
    weights = _areas(frames.shape[1], side)
    rows = np.tensordot(frames.astype(np.float32), weights, axes=(1, 1))  # (T, L, C, side)
    both = np.tensordot(rows, weights, axes=(1, 1))  # (T, C, side, side): rows, columns
    return np.rint(both.transpose(0, 2, 3, 1)).astype(np.uint8)


@lru_cache(maxsize=16)
def _areas(old: int, new: int) -> np.ndarray:
    """The share of each old pixel in each new one, float32 (new, old), rows of sum 1."""
    edges = np.arange(new + 1) * (old / new)
    low, high = edges[:-1, None], edges[1:, None]
    pixels = np.arange(old)
    overlap = np.minimum(high, pixels + 1) - np.maximum(low, pixels)
    return np.asarray(np.maximum(overlap, 0) * (new / old), np.float32)
