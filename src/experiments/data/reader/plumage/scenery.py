"""Backgrounds out of focus, and the branch that a bird sits on.

A background is painted on a coarse grid, blurred and enlarged: soft at every size, and the same
picture at every size.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from experiments.data.reader.plumage.curves import open_curve
from experiments.data.reader.plumage.dice import Dice

RGB = tuple[int, int, int]
Canvas = ImageDraw.ImageDraw
GRID = 64
# Colours at the top, the middle and the bottom.
GRADIENTS: dict[str, tuple[RGB, RGB, RGB]] = {
    "sky": ((122, 184, 236), (170, 212, 243), (224, 240, 248)),
    "leaves": ((128, 164, 98), (98, 138, 82), (72, 108, 68)),
    "water": ((198, 224, 218), (104, 168, 182), (66, 130, 154)),
    "snow": ((200, 212, 228), (224, 231, 240), (242, 245, 249)),
    "dusk": ((112, 92, 150), (226, 146, 142), (252, 204, 150)),
    "meadow": ((206, 228, 234), (198, 216, 138), (132, 174, 82)),
}
BARK: tuple[RGB, ...] = ((104, 82, 66), (92, 78, 70), (120, 98, 78))


_T = np.linspace(0, 1, 9)
_BULGE = 0.26 * np.sin(np.pi * _T) ** 0.8
# A leaf of length 1 that points along x.
LEAF = np.stack([np.append(_T, _T[::-1]), np.append(-_BULGE, _BULGE[::-1])], axis=1)


def background(scene: str, dice: Dice) -> Image.Image:
    """The scene as an RGB image of GRID x GRID."""
    stops = np.array(GRADIENTS[scene], dtype=np.float64)
    rows = np.clip(np.linspace(0, 1, GRID) + dice.between(-0.1, 0.1), 0, 1)
    ramp = np.stack([np.interp(rows, (0, 0.5, 1), stops[:, c]) for c in range(3)], axis=1)
    pixels = np.repeat(ramp[:, None].round().astype(np.uint8), GRID, axis=1)
    image = Image.fromarray(pixels)
    PAINTERS[scene](ImageDraw.Draw(image, "RGBA"), dice)
    return image.filter(ImageFilter.GaussianBlur(dice.between(1.0, 1.8)))


def branch(
    dice: Dice, grip: tuple[float, float], slope: float = 0.10
) -> list[tuple[RGB, np.ndarray]]:
    """Coloured polygons in the bird's frame: a branch through `grip`, straight under the feet.
    slope: how far its ends are higher or lower at most."""
    x, y = grip
    rgb = dice.pick(BARK)
    thick = dice.between(0.045, 0.065)
    rise = [dice.between(-slope, slope) for _ in range(2)]
    line = [
        (x - 1.4, y + rise[0]),
        (x - 0.55, y + 0.4 * rise[0]),
        (x, y + 0.02),
        (x + 0.5, y + 0.4 * rise[1]),
        (x + 1.4, y + rise[1]),
    ]
    top = open_curve(line)
    width = np.linspace(thick, thick * 0.7, len(top))[:, None] * [0, 1]
    dark = (rgb[0] * 5 // 8, rgb[1] * 5 // 8, rgb[2] * 5 // 8)
    light = (rgb[0] + 30, rgb[1] + 28, rgb[2] + 24)
    shapes = [
        (dark, _band(top - [0, 0.008], top + width + [0, 0.008])),
        (rgb, _band(top, top + width)),
        (light, _band(top + 0.12 * width, top + 0.34 * width)),
    ]
    side = dice.pick((-1.0, 1.0))
    for _ in range(dice.below(3) + 1):
        where = top[int(len(top) * (0.5 + side * dice.between(0.16, 0.27)))]
        leaf = _leaf((where[0], where[1]), dice.between(0.09, 0.14), dice.between(-2.6, -0.5))
        green = dice.pick(((96, 140, 78), (122, 158, 84), (78, 122, 84)))
        shapes.append((green, leaf))
    return shapes


def _band(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.concatenate([upper, lower[::-1]])


def _leaf(at: tuple[float, float], length: float, angle: float) -> np.ndarray:
    c, s = length * math.cos(angle), length * math.sin(angle)
    return LEAF @ np.array([[c, s], [-s, c]]) + at


def _blob(draw: Canvas, x: float, y: float, rx: float, ry: float, fill: tuple[int, ...]) -> None:
    draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill)


def _sky(draw: Canvas, dice: Dice) -> None:
    for _ in range(2 + dice.below(2)):
        x, y = dice.between(0, GRID), dice.between(6, 58)
        for _ in range(4):
            r = dice.between(3, 6.5)
            left, top = x + dice.between(-9, 9), y + dice.between(-2, 2)
            _blob(draw, left, top, r * 1.5, r, (255, 255, 255, 150))


def _leaves(draw: Canvas, dice: Dice) -> None:
    tones = ((146, 182, 104), (84, 122, 74), (62, 98, 64), (112, 152, 88), (176, 200, 124))
    for _ in range(20):
        at = dice.between(-4, 68), dice.between(-4, 68)
        leaf = _leaf(at, dice.between(12, 24), dice.between(0, 6.28))
        draw.polygon(leaf.ravel().tolist(), fill=(*dice.pick(tones), 190))
    for _ in range(4):
        r = dice.between(2, 4.5)
        _blob(draw, dice.between(0, 64), dice.between(0, 64), r, r, (226, 236, 178, 110))


def _water(draw: Canvas, dice: Dice) -> None:
    shore = dice.between(10, 20)
    draw.rectangle((0, 0, GRID, shore), fill=(*dice.pick(((176, 198, 160), (190, 204, 186))), 200))
    for _ in range(14):
        y = dice.between(shore + 3, 64)
        rx = dice.between(5, 14)
        fill = dice.pick(((226, 244, 244, 120), (48, 108, 136, 100)))
        _blob(draw, dice.between(0, 64), y, rx, 0.5 + y / 60, fill)


def _snow(draw: Canvas, dice: Dice) -> None:
    for _ in range(4):
        x, base = dice.between(0, 64), dice.between(30, 44)
        high, wide = dice.between(14, 28), dice.between(5, 9)
        fill = dice.pick(((150, 168, 178, 150), (168, 182, 194, 150)))
        draw.polygon((x - wide, base, x, base - high, x + wide, base), fill=fill)
    for _ in range(3):
        _blob(draw, dice.between(0, 64), dice.between(50, 62), 30, 14, (248, 250, 252, 200))
    for _ in range(22):
        r = dice.between(0.7, 1.5)
        _blob(draw, dice.between(0, 64), dice.between(0, 64), r, r, (255, 255, 255, 255))


def _dusk(draw: Canvas, dice: Dice) -> None:
    x, y, r = dice.between(8, 56), dice.between(26, 48), dice.between(5, 8)
    _blob(draw, x, y, r * 1.9, r * 1.9, (255, 226, 170, 90))
    _blob(draw, x, y, r, r, (255, 236, 190, 230))
    for _ in range(4):
        rx = dice.between(10, 20)
        _blob(draw, dice.between(0, 64), dice.between(4, 44), rx, 1.6, (236, 172, 176, 140))
    for _ in range(4):
        rx, ry = dice.between(12, 24), dice.between(4, 9)
        _blob(draw, dice.between(0, 64), 66, rx, ry, (92, 70, 104, 200))


def _meadow(draw: Canvas, dice: Dice) -> None:
    horizon = dice.between(20, 32)
    for _ in range(3):
        _blob(draw, dice.between(0, 64), horizon, 20, dice.between(4, 8), (142, 172, 122, 170))
    draw.rectangle((0, horizon, GRID, GRID), fill=(164, 196, 104, 120))
    petals = ((250, 246, 236), (246, 214, 92), (232, 140, 160), (186, 150, 214))
    for _ in range(16):
        y = dice.between(horizon + 6, 64)
        r = 0.6 + (y - horizon) / 26
        _blob(draw, dice.between(0, 64), y, r, r, (*dice.pick(petals), 230))


PAINTERS: dict[str, Callable[[Canvas, Dice], None]] = {
    "sky": _sky,
    "leaves": _leaves,
    "water": _water,
    "snow": _snow,
    "dusk": _dusk,
    "meadow": _meadow,
}
