"""Where a bird stands in its picture: size of body and head, attitude, direction and place."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from experiments.data.reader.plumage.anatomy import LIMBS, PATTERN_OF_TONE, Shape
from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage.flying import FLYING
from experiments.data.reader.plumage.perching import PERCHED

# Per size: the share of the frame that the longer side fills, growth of head and tail, and breadth.
BUILDS = {
    "small": (0.72, 1.22, 0.84, 0.95),
    "medium": (0.82, 1.04, 1.00, 1.00),
    "large": (0.91, 0.90, 1.12, 1.06),
}
# Turning of each limb in radians, either way.
SWAY = {"head": 0.16, "tail": 0.13, "wing": 0.05}
FLAP = {"head": 0.10, "tail": 0.12, "wing": 0.20, "far_wing": 0.16}


@lru_cache(maxsize=128)
def build(in_flight: bool, beak: str, size: str, pattern: str) -> tuple[Shape, np.ndarray, float]:
    """The shape, its points (n, 2) at this size, and the longer side of their box."""
    full = (FLYING if in_flight else PERCHED).shape(beak)
    worn = [p for p in full.parts if PATTERN_OF_TONE.get(p.tone, pattern) == pattern]
    shape = Shape(worn, full.pivots, full.neck_axis, full.grip)
    _, head, tail, breadth = BUILDS[size]
    points = shape.moved(shape.points, "head", growth=head)
    points = shape.moved(points, "tail", growth=tail)
    points = (points - shape.pivots["head"]) * (breadth, 1.0) + shape.pivots["head"]
    return shape, points, float(np.ptp(points, axis=0).max())


class Posture:
    """One bird's points in the unit square of the picture, and the map from its frame.

    `pose`, `beak`, `size` and `pattern` are values of those attributes.
    """

    def __init__(self, pose: str, beak: str, size: str, pattern: str, dice: Dice) -> None:
        in_flight = pose == "flying"
        self.shape, points, extent = build(in_flight, beak, size, pattern)
        for limb in LIMBS:
            sway = (FLAP if in_flight else SWAY).get(limb, 0.0)
            points = self.shape.moved(points, limb, angle=dice.between(-sway, sway))
        faces_left = dice.random() < 0.5 if in_flight else pose == "perched left"
        share = BUILDS[size][0] * (1.06 if in_flight else 1.0) + dice.between(-0.035, 0.035)
        scale = min(share, 0.97) / extent
        tilt = dice.between(-0.15, 0.15) if in_flight else dice.between(-0.07, 0.07)
        c, s = scale * np.cos(tilt), scale * np.sin(tilt)
        mirror = np.array([-1.0, 1.0]) if faces_left else np.array([1.0, 1.0])
        self.matrix = np.array([[c, s], [-s, c]]) * mirror
        placed = points @ self.matrix
        x, y = placed.T.copy()
        low, high = np.array((x.min(), y.min())), np.array((x.max(), y.max()))
        room = np.maximum(0.96 - (high - low), 0) / 2
        jitter = np.array([dice.between(-0.5, 0.5), dice.between(-0.5, 0.5)])
        self.shift = 0.5 - (low + high) / 2 + jitter * np.minimum(room, 0.07)
        self.points = placed + self.shift

    def place(self, points: np.ndarray) -> np.ndarray:
        """From the bird's frame to the picture, both (n, 2)."""
        return points @ self.matrix + self.shift
