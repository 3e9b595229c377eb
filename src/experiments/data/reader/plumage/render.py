"""Draws a bird from its attributes, at any size.

Polygons are drawn on a canvas several times larger and averaged down. The geometry lives in the
unit square, so 64 and 512 pixels show the same bird. Light is soft and nearly neutral: it models
the body, and never turns one of the colours into another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from experiments.data.reader.plumage.anatomy import PATTERN_OF_TONE, Part
from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage.posture import Posture
from experiments.data.reader.plumage.scenery import background, branch
from experiments.data.reader.plumage.species import COLOURS, VALUES

RENDERER_VERSION = 1
RGB = tuple[int, int, int]
RELIEF = 64  # grid of the shading
EYE: dict[str, RGB] = {"ring": (228, 224, 214), "pupil": (22, 20, 24), "glint": (255, 255, 255)}


@dataclass(frozen=True, eq=False)
class Drawn:
    """A bird's parts with the ranges of their points, and the points (n, 2) in the unit square."""

    spans: list[tuple[Part, int, int]]
    points: np.ndarray


@dataclass(frozen=True, eq=False)
class Light:
    """Where light comes from, in cells of the shading, and its colour, (3,)."""

    across: int
    tint: np.ndarray

    @classmethod
    def of(cls, dice: Dice) -> Light:
        across = dice.pick((-2, 2))
        warmth = dice.between(-0.035, 0.035)
        tint = np.array([1 + warmth, 1.0, 1 - warmth], dtype=np.float32)
        return cls(across, tint * dice.between(0.94, 1.05))


def render(attributes: Mapping[str, str], size: int, seed: int) -> np.ndarray:
    """The bird as uint8 (size, size, 3).

    `attributes` may be any combination of `VALUES`; those left out are drawn from `seed`, which
    also decides attitude, place, light and scenery. Raises `ValueError` for an unknown name or
    value.
    """
    for name, value in attributes.items():
        if value not in VALUES.get(name, ()):
            raise ValueError(f"{name}={value!r}: choose from {VALUES.get(name, tuple(VALUES))}")
    dice = Dice(seed, 4)
    drawn = {name: dice.pick(values) for name, values in VALUES.items()}
    bird = {**drawn, **attributes}
    posture = Posture(bird["pose"], bird["beak_shape"], bird["size"], bird["pattern"], dice)

    side = size * (3 if size <= 160 else 2)
    scene = background(bird["background"], dice)
    smooth = Image.Resampling.BILINEAR if size <= 160 else Image.Resampling.BICUBIC
    canvas = scene.resize((side, side), smooth)
    draw = ImageDraw.Draw(canvas)
    if posture.shape.grip is not None:
        for rgb, points in branch(dice, posture.shape.grip):
            draw.polygon((posture.place(points) * side).ravel().tolist(), fill=rgb)
    drawn_bird = Drawn(posture.shape.spans, posture.points)
    paint(draw, bird, drawn_bird, side)
    pixels = np.asarray(canvas.reduce(side // size), dtype=np.float32)
    light = Light.of(dice)
    return lit(pixels, relief(drawn_bird, size, light.across), light)


@lru_cache(maxsize=256)
def toned(rgb: RGB, tone: str) -> RGB:
    """A colour as it is painted: rims and lines dark, coverts light, marks contrasting."""
    bright = 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2]
    if tone == "rim":
        return _mixed(rgb, (24, 20, 30), 0.5)
    if tone == "line":
        return _mixed(rgb, (24, 20, 30), 0.3) if bright > 60 else _mixed(rgb, (150, 150, 165), 0.3)
    if tone == "light":
        return _mixed(rgb, (255, 255, 255), 0.10)
    if tone in PATTERN_OF_TONE:
        return (
            _mixed(rgb, (40, 34, 36), 0.62) if bright > 125 else _mixed(rgb, (250, 246, 236), 0.75)
        )
    return rgb


def _mixed(rgb: RGB, other: RGB, share: float) -> RGB:
    r, g, b = (round(x + (y - x) * share) for x, y in zip(rgb, other, strict=True))
    return r, g, b


def paint(draw: ImageDraw.ImageDraw, bird: Mapping[str, str], drawn: Drawn, side: int) -> None:
    """The bird in its colours, on a canvas of `side` px."""
    flat = (drawn.points * side).ravel().tolist()
    for part, start, stop in drawn.spans:
        if part.attribute == "eye":
            fill = EYE[part.tone]
        else:
            fill = toned(COLOURS[bird[part.attribute]], part.tone)
        draw.polygon(flat[2 * start : 2 * stop], fill=fill)


def relief(drawn: Drawn, size: int, across: int) -> np.ndarray:
    """Light on the bird, (size, size, 1) in about [-1, 1]: an emboss of its blurred outlines."""
    mask = Image.new("L", (size, size))
    draw = ImageDraw.Draw(mask)
    for part, start, stop in drawn.spans:
        # Wings and tail stand out from the body.
        if part.tone == "fill" and part.attribute in ("breast", "wing", "tail"):
            grey = 200 if part.attribute == "breast" else 255
            draw.polygon((drawn.points[start:stop] * size).ravel().tolist(), fill=grey)
    coarse = mask.resize((RELIEF, RELIEF), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(4))
    soft = np.asarray(coarse, dtype=np.float32) / 255
    emboss = np.zeros_like(soft)
    emboss[3:-3, 2:-2] = soft[6:, 2 + across : RELIEF - 2 + across]
    emboss[3:-3, 2:-2] -= soft[:-6, 2 - across : RELIEF - 2 - across]
    shading = Image.fromarray(emboss).resize((size, size), Image.Resampling.BILINEAR)
    return (np.asarray(shading) * (np.asarray(mask) > 0))[..., None]


def lit(pixels: np.ndarray, shading: np.ndarray, light: Light) -> np.ndarray:
    """Relief, brightness and warmth applied; uint8 of the same shape."""
    pixels = pixels * light.tint * (1 + 0.30 * shading) + 22 * np.maximum(shading, 0)
    return np.clip(pixels + 0.5, 0, 255).astype(np.uint8)
