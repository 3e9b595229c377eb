"""What a drawn bird consists of, and how it moves.

A `Shape` is a list of polygons from back to front. Limbs (head, tail, wings) turn and grow about
pivots; each point follows its limb by a weight, so necks bend and joints never open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments.data.reader.plumage.curves import (
    STEPS,
    Points,
    closed_curve,
    ellipse,
    grown,
    open_curve,
    stroke,
)

Point = tuple[float, float]
Curve = Sequence[Point]
Stroke = tuple[Curve, Sequence[float]]  # with its widths

RIM = 0.009
LIMBS = ("head", "tail", "wing", "far_wing")
PATTERN_OF_TONE = {"spot": "spotted", "streak": "streaked", "bar": "barred"}
# fmt: off
BEAKS = {
    "short": [(0, -0.55), (0.55, -0.36), (1.2, 0.14), (1.2, 0.17), (0.55, 0.50), (0, 0.52)],
    "long": [(0, -0.42), (0.9, -0.2), (2.1, 0.08), (2.1, 0.12), (0.9, 0.30), (0, 0.42)],
    "hooked": [
        (0, -0.62), (0.6, -0.60), (1.12, -0.22), (1.25, 0.30),
        (1.10, 0.72), (0.92, 0.34), (0.5, 0.55), (0, 0.52),
    ],
    "curved": [
        (0, -0.46), (0.8, -0.36), (1.45, 0.05), (1.86, 0.80),
        (1.82, 0.84), (1.25, 0.50), (0.6, 0.36), (0, 0.46),
    ],
}
# fmt: on
MOUTHS = {
    "short": [(0.1, 0.0), (0.6, 0.05), (0.98, 0.15)],
    "long": [(0.1, 0.0), (0.9, 0.05), (1.7, 0.10)],
    "hooked": [(0.1, 0.02), (0.5, 0.10), (0.95, 0.28)],
    "curved": [(0.1, -0.02), (0.8, 0.02), (1.45, 0.48)],
}


@dataclass(frozen=True)
class Part:
    """One polygon. `attribute` is whose colour it takes ("eye" for none), `tone` which variant.

    Tones: fill, rim (a dark edge behind the fill), line (a fine dark mark), light (upper feathers);
    spot, streak and bar show only with that pattern.
    """

    attribute: str
    tone: str
    points: np.ndarray
    limb: str = "body"


@dataclass(frozen=True)
class Shape:
    """Parts from back to front in a unit frame; `grip` lies on the branch, None in flight.

    Derived: `points` (n, 2) of all parts, `spans` (each part with the range of its points) and
    `weights` (n,) per limb.
    """

    parts: list[Part]
    pivots: dict[str, Point]
    neck_axis: Point
    grip: Point | None = None
    points: np.ndarray = field(init=False)
    weights: dict[str, np.ndarray] = field(init=False)
    spans: list[tuple[Part, int, int]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", np.concatenate([p.points for p in self.parts]))
        counts = [len(p.points) for p in self.parts]
        stops = np.cumsum(counts).tolist()
        starts = [0, *stops[:-1]]
        object.__setattr__(self, "spans", list(zip(self.parts, starts, stops, strict=True)))
        weights = {}
        for limb in self.pivots:
            follows = np.repeat([float(p.limb == limb) for p in self.parts], counts)
            weights[limb] = follows
        on_body = np.repeat([float(p.limb == "body") for p in self.parts], counts)
        reach = (self.points - self.pivots["head"]) @ np.asarray(self.neck_axis)
        bend = np.clip((reach + 0.06) / 0.18, 0, 1)
        weights["head"] = weights["head"] + on_body * bend**2 * (3 - 2 * bend)
        object.__setattr__(self, "weights", weights)

    def moved(
        self, points: np.ndarray, limb: str, angle: float = 0.0, growth: float = 1.0
    ) -> np.ndarray:
        """`points` (n, 2) with a limb turned by `angle` radians and scaled about its pivot."""
        if limb not in self.pivots:
            return points
        c, s = growth * math.cos(angle), growth * math.sin(angle)
        weight = self.weights[limb]
        rows = np.flatnonzero(weight)
        span = slice(rows[0], rows[-1] + 1)
        change = (points[span] - self.pivots[limb]) @ np.array([[c - 1, s], [-s, c - 1]])
        moved = points.copy()
        moved[span] += weight[span, None] * change
        return moved


@dataclass(frozen=True)
class Outline:
    """The curves of a bird that faces right.

    `regions` of the body: from and to which of its controls, and the way back inside. `legs`:
    strokes of each. `streaks`: the direction of marks. `far_wing` and its feathers are seen in
    flight alone; `grip` lies on the branch, None in flight.
    """

    body: Curve
    regions: dict[str, tuple[int, int, Curve]]
    wing: Curve
    coverts: Curve
    feathers: Sequence[Curve]
    feather_width: Sequence[float]
    bars: Sequence[Curve]
    bar_width: Sequence[float]
    tail: Curve
    tail_feathers: Sequence[Curve]
    legs: Sequence[Sequence[Stroke]]
    beak: tuple[Point, float]  # place and scale
    eye: tuple[Point, float]
    breast_marks: Curve
    belly_marks: Curve
    streaks: Point
    pivots: dict[str, Point]
    neck_axis: Point
    grip: Point | None = None
    far_wing: Curve = ()
    far_feathers: Sequence[Curve] = ()

    def shape(self, beak: str) -> Shape:
        """All parts from back to front, with a beak of this kind."""
        body = closed_curve(self.body)
        regions = [(name, along(body, *region)) for name, region in self.regions.items()]
        legs = [layered([("legs", stroke(*part)) for part in leg]) for leg in self.legs]
        far = rimmed("wing", closed_curve(self.far_wing), "far_wing") if self.far_wing else []
        parts = [
            *far,
            *lines("wing", "line", "far_wing", self.feather_width, *self.far_feathers),
            *rimmed("tail", closed_curve(self.tail), "tail"),
            *lines("tail", "line", "tail", (0.004, 0.011), *self.tail_feathers),
            *(part for leg in legs for part in leg),
            *beak_parts(beak, *self.beak),
            *layered([("breast", body), *regions]),
            *marks(self.breast_marks, self.belly_marks, self.streaks),
            *rimmed("wing", closed_curve(self.wing), "wing"),
            Part("wing", "light", closed_curve(self.coverts), "wing"),
            *lines("wing", "line", "wing", self.feather_width, *self.feathers),
            *lines("wing", "bar", "wing", self.bar_width, *self.bars),
            *eye_parts(*self.eye),
        ]
        return Shape(parts, self.pivots, self.neck_axis, self.grip)


def along(outline: np.ndarray, start: int, stop: int, inner: Points) -> np.ndarray:
    """The region between controls `start` to `stop` of an outline and a curve back inside it."""
    edge = outline[start * STEPS : stop * STEPS + 1]
    back = open_curve(np.concatenate([edge[-1:], np.asarray(inner), edge[:1]]))
    return np.concatenate([edge, back[1:-1]])


def rimmed(attribute: str, outline: np.ndarray, limb: str = "body") -> list[Part]:
    return [
        Part(attribute, "rim", grown(outline, RIM), limb),
        Part(attribute, "fill", outline, limb),
    ]


def layered(shapes: Sequence[tuple[str, np.ndarray]]) -> list[Part]:
    """Shapes that are one behind one rim; each part of it has the colour that it borders."""
    rims = [Part(name, "rim", grown(shape, RIM)) for name, shape in shapes]
    return rims + [Part(name, "fill", shape) for name, shape in shapes]


def lines(
    attribute: str, tone: str, limb: str, width: Sequence[float], *curves: Points
) -> list[Part]:
    """Strokes of one kind on a limb, from the root outward."""
    return [Part(attribute, tone, stroke(curve, width), limb) for curve in curves]


def beak_parts(kind: str, base: Point, scale: float) -> list[Part]:
    """The beak starts a little inside the face, which is drawn over it."""
    outline = [(-0.35, BEAKS[kind][0][1]), *BEAKS[kind], (-0.35, BEAKS[kind][-1][1])]
    shape = closed_curve(np.array(outline) * scale + base)
    mouth = stroke(np.array(MOUTHS[kind]) * scale + base, (0.012, 0.009, 0.004))
    return [*rimmed("beak", shape, "head"), Part("beak", "line", mouth, "head")]


def eye_parts(centre: Point, scale: float = 1.0) -> list[Part]:
    x, y = centre
    r = 0.034 * scale
    return [
        Part("eye", "ring", ellipse(x, y, 1.28 * r, 1.28 * r), "head"),
        Part("eye", "pupil", ellipse(x, y, r, r), "head"),
        Part("eye", "glint", ellipse(x + 0.3 * r, y - 0.35 * r, 0.34 * r, 0.34 * r, 12), "head"),
    ]


def marks(breast: Curve, belly: Curve, lean: Point) -> list[Part]:
    """Spots, and streaks along `lean`, at the given places of the underparts."""
    parts = []
    for attribute, places in (("breast", breast), ("belly", belly)):
        for x, y in places:
            parts.append(Part(attribute, "spot", ellipse(x, y, 0.0155, 0.0155, 12)))
            dx, dy = 0.032 * lean[0], 0.032 * lean[1]
            line = [(x - dx, y - dy), (x, y), (x + dx, y + dy)]
            parts.append(Part(attribute, "streak", stroke(line, (0.006, 0.020, 0.006))))
    return parts
