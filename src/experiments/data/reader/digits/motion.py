"""How digits move: where each of them is in every frame.

Positions are shares of the free range, that is of the canvas less the digit, in [0, 1]; 0 is left
or up. The rules are those of Sync-DRAW's bouncing digits (Mittal 2017), which TGANs-C was trained
on: parallel to an axis, one speed, back at the walls, the other coordinate fixed. Two of them were
wrong or odd there and are right here: "up and down" moves rows, and a digit that meets a wall is
reflected and does not stand still for a frame (`bounce="clamp"`: as released).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.data.reader.plumage.dice import Dice

Bounce = Literal["reflect", "clamp"]
# Names of motions by group. Those of "directed" say where the digit goes first.
MOTIONS: dict[str, tuple[str, ...]] = {
    "axis": ("left and right", "up and down"),
    "directed": ("left first", "right first", "up first", "down first"),
    "diagonal": ("diagonal",),
    "circle": ("circle",),
    "still": ("still",),
}
# What each of the directed ones is by itself: its axis, and the sign of its first step.
DIRECTED: dict[str, tuple[str, int]] = {
    "left first": ("left and right", -1),
    "right first": ("left and right", 1),
    "up first": ("up and down", -1),
    "down first": ("up and down", 1),
}


@dataclass(frozen=True)
class Path:
    """One digit's way. start: its place (x, y) before the first step. heading: the sign of its
    first step in x and y; of a circle, 1 is clockwise. speed: px of a canvas a frame."""

    motion: str
    start: tuple[float, float]
    heading: tuple[int, int]
    speed: float

    def places(self, frames: int, room: float, bounce: Bounce = "reflect") -> np.ndarray:
        """Shares (frames, 2) of x and y, the first after one step, as released. room: px that the
        digit can move in, which is > 0."""
        steps = np.arange(1, frames + 1) * (self.speed / room)
        x, y = self.start
        still = np.zeros(frames)
        axis = DIRECTED[self.motion][0] if self.motion in DIRECTED else self.motion
        if axis == "circle":
            return self._circle(frames, room)
        moves_x = axis in ("left and right", "diagonal")
        moves_y = axis in ("up and down", "diagonal")
        along = clamped if bounce == "clamp" else reflected
        return np.stack(
            [
                along(x, steps, self.heading[0]) if moves_x else still + x,
                along(y, steps, self.heading[1]) if moves_y else still + y,
            ],
            axis=1,
        )

    def _circle(self, frames: int, room: float) -> np.ndarray:
        """Around the middle of the range, as fast as the others: it fits whatever the start is."""
        radius = 0.4
        angle = 2 * math.pi * self.start[0] + np.arange(1, frames + 1) * (
            self.heading[0] * self.speed / room / radius
        )
        return 0.5 + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def reflected(start: float, steps: np.ndarray, sign: int) -> np.ndarray:
    """A point that is thrown back by 0 and 1: a triangle wave of the distance."""
    way = np.mod(start + sign * steps, 2.0)
    return np.where(way > 1, 2 - way, way)


def clamped(start: float, steps: np.ndarray, sign: int) -> np.ndarray:
    """The released rule: a step that would leave ends at the wall, and the next one goes back."""
    found, at, step = [], start, float(steps[0])
    for _ in steps:
        at += sign * step
        if not 0 <= at <= 1:
            at = min(max(at, 0.0), 1.0)
            sign = -sign
        found.append(at)
    return np.array(found)


def drawn_path(motion: str, speed: tuple[float, float], positive: bool, dice: Dice) -> Path:
    """A path with a start, a heading and a speed of its own. positive: whether headings that the
    motion does not name are right and down, as released."""
    start = (dice.random(), dice.random())
    signs = [dice.pick((-1, 1)) for _ in range(2)]
    pace = dice.between(*speed)
    if positive:
        signs = [1, 1]
    if motion in DIRECTED:
        signs = [DIRECTED[motion][1]] * 2
        start = _with_room(motion, start, pace)
    return Path(motion, start, (signs[0], signs[1]), pace)


def _with_room(motion: str, start: tuple[float, float], pace: float) -> tuple[float, float]:
    """The start in the half that it leaves, so that its first way is long enough to be seen."""
    far = DIRECTED[motion][1] < 0
    half = [0.5 + place / 2 if far else place / 2 for place in start]
    return (half[0], start[1]) if motion in ("left first", "right first") else (start[0], half[1])
