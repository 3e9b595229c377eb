"""The outlines of a perched bird that faces right, in a unit frame (x right, y down)."""

from __future__ import annotations

from experiments.data.reader.plumage.anatomy import (
    RIM,
    Part,
    Shape,
    along,
    beak_parts,
    body_parts,
    eye_parts,
    lines,
    marks,
    rimmed,
)
from experiments.data.reader.plumage.curves import closed_curve, grown, stroke

OUTLINE = [
    (0.808, 0.305),  # 0: face, where the beak sits
    (0.785, 0.195),
    (0.685, 0.125),  # 2: top of the head
    (0.572, 0.170),
    (0.525, 0.285),  # 4: nape
    (0.445, 0.405),
    (0.335, 0.545),  # 6: back
    (0.250, 0.675),
    (0.265, 0.760),  # 8: vent
    (0.385, 0.820),
    (0.540, 0.830),  # 10: belly
    (0.685, 0.775),
    (0.785, 0.665),  # 12: breast
    (0.818, 0.545),
    (0.792, 0.415),  # 14: throat
]
WING = [
    (0.645, 0.490),
    (0.565, 0.445),
    (0.465, 0.505),
    (0.355, 0.620),
    (0.250, 0.725),
    (0.175, 0.800),
    (0.215, 0.812),
    (0.262, 0.788),
    (0.285, 0.808),
    (0.345, 0.775),
    (0.380, 0.790),
    (0.450, 0.750),
    (0.555, 0.712),
    (0.650, 0.630),
    (0.675, 0.550),
]
TAIL = [
    (0.360, 0.640),
    (0.200, 0.770),
    (0.060, 0.900),
    (0.020, 0.955),
    (0.050, 0.990),
    (0.100, 0.985),
    (0.125, 1.020),
    (0.175, 0.995),
    (0.300, 0.870),
    (0.420, 0.780),
]
PIVOTS = {"head": (0.640, 0.400), "tail": (0.330, 0.690), "wing": (0.600, 0.500)}
NECK_AXIS = (0.35, -0.94)
GRIP = (0.575, 0.925)


COVERTS = [
    (0.640, 0.490),
    (0.565, 0.450),
    (0.480, 0.500),
    (0.430, 0.552),
    (0.445, 0.590),
    (0.482, 0.580),
    (0.490, 0.625),
    (0.530, 0.610),
    (0.548, 0.650),
    (0.585, 0.628),
    (0.615, 0.648),
    (0.655, 0.560),
]
FEATHERS = (
    [(0.455, 0.610), (0.370, 0.690), (0.262, 0.785)],
    [(0.500, 0.645), (0.430, 0.705), (0.345, 0.775)],
    [(0.560, 0.665), (0.510, 0.705), (0.450, 0.748)],
    [(0.410, 0.595), (0.320, 0.685), (0.215, 0.785)],
)
SPOTS_BREAST = [
    (0.712, 0.452),
    (0.768, 0.478),
    (0.722, 0.528),
    (0.783, 0.560),
    (0.698, 0.395),
    (0.752, 0.402),
]
SPOTS_BELLY = [
    (0.708, 0.635),
    (0.752, 0.672),
    (0.662, 0.700),
    (0.592, 0.738),
    (0.625, 0.788),
    (0.702, 0.740),
    (0.508, 0.770),
    (0.428, 0.790),
    (0.548, 0.808),
]


def perched(beak: str) -> Shape:
    """All parts from back to front."""
    body = closed_curve(OUTLINE)
    regions = {
        "belly": along(body, 7, 13, [(0.70, 0.600), (0.56, 0.60), (0.36, 0.60)]),
        "back": along(body, 3, 8, [(0.40, 0.68), (0.52, 0.53), (0.61, 0.43), (0.60, 0.30)]),
        "crown": along(body, 1, 4, [(0.60, 0.298), (0.70, 0.262), (0.765, 0.240)]),
    }
    parts = [
        *rimmed("tail", closed_curve(TAIL), limb="tail"),
        *lines(
            "tail",
            "line",
            "tail",
            (0.004, 0.011),
            [(0.32, 0.70), (0.20, 0.81), (0.05, 0.955)],
            [(0.36, 0.73), (0.25, 0.84), (0.11, 0.985)],
        ),
        *_leg(0.50, 0.545),
        *_leg(0.60, 0.650),
        *beak_parts(beak, (0.792, 0.300), 0.118),
        *body_parts(body, regions),
        *marks(SPOTS_BREAST, SPOTS_BELLY, lean=(-0.35, 0.94)),
        *rimmed("wing", closed_curve(WING), limb="wing"),
        Part("wing", "light", closed_curve(COVERTS), "wing"),
        *lines("wing", "line", "wing", (0.004, 0.011, 0.008), *FEATHERS),
        *lines(
            "wing",
            "bar",
            "wing",
            (0.024, 0.036, 0.028),
            [(0.438, 0.545), (0.480, 0.610), (0.585, 0.655)],
            [(0.352, 0.628), (0.400, 0.690), (0.500, 0.728)],
        ),
        *eye_parts((0.702, 0.290)),
    ]
    return Shape(parts, PIVOTS, NECK_AXIS, GRIP)


def _leg(top: float, foot: float) -> list[Part]:
    toes = [
        (foot - 0.055, 0.935),
        (foot - 0.01, 0.905),
        (foot + 0.05, 0.912),
        (foot + 0.085, 0.945),
    ]
    shapes = [
        stroke([(top, 0.76), (foot - 0.005, 0.915)], (0.058, 0.044)),
        stroke(toes, (0.026, 0.046, 0.042, 0.026)),
        stroke([(foot + 0.01, 0.91), (foot + 0.025, 0.965)], (0.04, 0.026)),
    ]
    rims = [Part("legs", "rim", grown(s, RIM)) for s in shapes]
    return rims + [Part("legs", "fill", s) for s in shapes]
