"""A bird that can be anything between perched and flying.

The two outlines of plumage are brought to the same parts with the same number of points, so that
each point of one has its place in the other. A wing has a far one behind it, which a perched bird
hides; it opens, folds and beats apart from the body.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from experiments.data.reader.plumage.anatomy import (
    PATTERN_OF_TONE,
    Curve,
    Outline,
    Part,
    Shape,
    Stroke,
)
from experiments.data.reader.plumage.flying import FLYING
from experiments.data.reader.plumage.perching import PERCHED
from experiments.data.reader.plumage.posture import BUILDS

FEET = (0.575, 0.925)  # where a perched bird holds on; flying ones are placed by the same point
HIPS = np.array((0.57, 0.78))  # about which a bird bows
WING_TIP = 5  # its control in both outlines
REGIONS = {"belly": (7, 12), "back": (3, 8), "crown": (1, 4)}


@dataclass(frozen=True)
class Stance:
    """How a bird holds itself. flight: 0 perched, 1 flying. spread: the same of its wings. beat: of
    spread wings, 1 raised, -1 lowered. bow: radians forward about the hips. nod: radians of the
    head. tilt: radians of all, nose down. facing: 1 right, -1 left, between them foreshortened.
    stretch: breadth to height, 1 as drawn."""

    flight: float = 0.0
    spread: float = 0.0
    beat: float = 1.0
    bow: float = 0.0
    nod: float = 0.0
    wag: float = 0.0
    tilt: float = 0.0
    facing: float = 1.0
    stretch: float = 1.0


@dataclass(frozen=True, eq=False)
class Rig:
    """Of a beak, a size and a pattern: the parts with the ranges of their points, the points
    perched and flying, both (n, 2), and who moves with what, each (n,)."""

    spans: list[tuple[Part, int, int]]
    perched: np.ndarray
    flying: np.ndarray
    wing: np.ndarray
    legs: np.ndarray
    shapes: tuple[Shape, Shape]

    def posed(self, stance: Stance) -> np.ndarray:
        """The points (n, 2), in units of the bird about its feet."""
        share = np.where(self.wing, stance.spread, stance.flight)[:, None]
        points = self.perched + share * (self.flying - self.perched)
        shape = self.shapes[stance.flight > 0.5]
        points = shape.moved(points, "head", angle=stance.nod)
        points = shape.moved(points, "tail", angle=stance.wag)
        if stance.spread:
            points = self._beaten(points, stance)
        if stance.bow:
            still = self.legs * (1 - stance.flight)
            turned = (points - HIPS) @ _turn(stance.bow) + HIPS
            points = turned + still[:, None] * (points - turned)
        points = points - FEET
        if stance.tilt:
            middle = np.array((0.0, -0.37))
            points = (points - middle) @ _turn(stance.tilt) + middle
        return points * (stance.facing * stance.stretch, 1 / stance.stretch)

    def _beaten(self, points: np.ndarray, stance: Stance) -> np.ndarray:
        """Wings up and down: seen from the side, a beat is a change of their height. Half way they
        point backwards, so that they are never thin."""
        shoulder = np.array(self.shapes[1].pivots["wing"])
        reach = (points - shoulder)[self.wing]
        level = 1 - stance.beat**2
        change = np.stack(
            [
                0.42 * level * reach[:, 1],
                (stance.beat - 1) * reach[:, 1] - 0.30 * level * reach[:, 0],
            ],
            axis=1,
        )
        beaten = points.copy()
        beaten[self.wing] += stance.spread * change
        return beaten


@lru_cache(maxsize=64)
def rig(beak: str, size: str, pattern: str) -> Rig:
    """Of birds with this beak, size and pattern."""
    perched, flying = _matched()
    shapes = []
    for outline in (perched, flying):
        full = outline.shape(beak)
        worn = [p for p in full.parts if PATTERN_OF_TONE.get(p.tone, pattern) == pattern]
        shapes.append(Shape(worn, full.pivots, full.neck_axis, full.grip))
    _, head, tail, breadth = BUILDS[size]
    found = []
    for shape in shapes:
        points = shape.moved(shape.points, "head", growth=head)
        points = shape.moved(points, "tail", growth=tail)
        found.append((points - shape.pivots["head"]) * (breadth, 1.0) + shape.pivots["head"])
    counts = [stop - start for _, start, stop in shapes[0].spans]
    parts = shapes[0].parts
    return Rig(
        shapes[0].spans,
        perched=found[0],
        flying=found[1],
        wing=np.repeat([p.limb in ("wing", "far_wing") for p in parts], counts),
        legs=np.repeat([float(p.attribute == "legs") for p in parts], counts),
        shapes=(shapes[0], shapes[1]),
    )


def resampled(curve: Curve, count: int) -> list[tuple[float, float]]:
    """`count` points at even distances along the numbers of the given ones."""
    points = np.asarray(curve, dtype=np.float64)
    at = np.linspace(0, len(points) - 1, count)
    x, y = (np.interp(at, np.arange(len(points)), points[:, k]) for k in (0, 1))
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _matched() -> tuple[Outline, Outline]:
    """Perched and flying, with equally many points in each part."""
    trailing = len(FLYING.wing) - WING_TIP
    wing = [*PERCHED.wing[:WING_TIP], *resampled(PERCHED.wing[WING_TIP:], trailing)]
    hidden = resampled(_shrunk(wing, 0.85), len(FLYING.far_wing))
    marks = min(len(PERCHED.belly_marks), len(FLYING.belly_marks))
    perched, flying = (
        replace(
            outline,
            regions={n: (*REGIONS[n], inner) for n, (_, _, inner) in outline.regions.items()},
            belly_marks=outline.belly_marks[:marks],
            legs=[[_stroke(part, k) for k, part in enumerate(leg)] for leg in outline.legs],
        )
        for outline in (PERCHED, FLYING)
    )
    perched = replace(
        perched,
        wing=wing,
        coverts=resampled(PERCHED.coverts, len(FLYING.coverts)),
        far_wing=hidden,
        far_feathers=[_shrunk(curve, 0.85) for curve in PERCHED.feathers[:3]],
        pivots={**PERCHED.pivots, "far_wing": PERCHED.pivots["wing"]},
    )
    return perched, flying


def _stroke(part: Stroke, number: int) -> Stroke:
    """Of a leg: shin, toes before and behind, with as many points in both outlines."""
    line, widths = part
    return resampled(line, (3, 4, 2)[number]), widths


def _shrunk(curve: Sequence[tuple[float, float]], share: float) -> list[tuple[float, float]]:
    points = np.asarray(curve)
    middle = points.mean(axis=0)
    small = (points - middle) * share + middle
    return [(float(x), float(y)) for x, y in small]


def _turn(angle: float) -> np.ndarray:
    """Clockwise on the picture by `angle` radians, of rows (x, y)."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, s], [-s, c]])
