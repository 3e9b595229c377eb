"""Digits as somebody might write them, where no MNIST is at hand: an honest stand-in.

Each digit has a few ways to be written, as curves in a unit square (x right, y down). A writer
bends them, leans, presses more or less, and the result is brought into MNIST's frame: 20 x 20 px
about the centre of mass in 28 x 28.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from experiments.data.reader.plumage.curves import open_curve
from experiments.data.reader.plumage.dice import Dice

SIDE, BOX = 28, 20  # px of a glyph, and of the longer side of what is written
GRID = 112  # px that it is written on, four for one
Curve = tuple[tuple[float, float], ...]

# Points stand in rows: each line is one stroke.
# fmt: off
WAYS: dict[int, tuple[tuple[Curve, ...], ...]] = {
    0: (
        (((.52, .05), (.26, .16), (.16, .50), (.27, .85), (.52, .95), (.76, .82), (.84, .48),
          (.72, .14), (.50, .05)),),
        (((.62, .08), (.34, .12), (.20, .52), (.36, .90), (.62, .86), (.80, .50), (.70, .16),
          (.48, .06), (.40, .10)),),
    ),
    1: (
        (((.52, .05), (.50, .50), (.48, .95)),),
        (((.30, .26), (.44, .16), (.54, .05)), ((.54, .05), (.53, .50), (.52, .95))),
        (((.34, .24), (.46, .16), (.54, .06)), ((.54, .06), (.53, .50), (.52, .94)),
         ((.30, .95), (.52, .94), (.74, .95))),
    ),
    2: (
        (((.20, .28), (.32, .08), (.60, .06), (.78, .24), (.66, .50), (.40, .74), (.18, .94)),
         ((.18, .94), (.50, .92), (.84, .93))),
        (((.22, .24), (.40, .06), (.68, .10), (.74, .34), (.52, .66), (.28, .90), (.16, .84),
          (.26, .72), (.46, .84), (.68, .94), (.86, .86)),),
    ),
    3: (
        (((.22, .16), (.46, .05), (.74, .16), (.70, .38), (.44, .48)),
         ((.44, .48), (.72, .54), (.80, .76), (.56, .95), (.28, .92), (.18, .80))),
        (((.20, .08), (.48, .07), (.78, .08)), ((.78, .08), (.60, .28), (.46, .44)),
         ((.46, .44), (.74, .52), (.78, .76), (.52, .95), (.22, .86))),
    ),
    4: (
        (((.30, .06), (.24, .32), (.18, .58)), ((.18, .58), (.50, .57), (.84, .56)),
         ((.70, .08), (.68, .50), (.64, .95))),
        (((.64, .05), (.40, .34), (.14, .66)), ((.14, .66), (.50, .65), (.86, .66)),
         ((.64, .05), (.64, .50), (.64, .95))),
    ),
    5: (
        (((.78, .07), (.54, .07), (.32, .08)), ((.32, .08), (.28, .26), (.26, .44)),
         ((.26, .44), (.50, .38), (.76, .50), (.78, .76), (.54, .95), (.22, .86))),
        (((.30, .10), (.28, .28), (.26, .46), (.48, .40), (.74, .52), (.74, .80), (.48, .95),
          (.20, .84)), ((.30, .10), (.54, .07), (.80, .06))),
    ),
    6: (
        (((.66, .05), (.42, .22), (.26, .52), (.28, .82), (.50, .95), (.74, .82), (.72, .60),
          (.50, .52), (.28, .68)),),
        (((.72, .12), (.48, .08), (.26, .34), (.22, .70), (.42, .94), (.70, .88), (.74, .64),
          (.52, .54), (.26, .66)),),
    ),
    7: (
        (((.18, .10), (.50, .08), (.82, .08)), ((.82, .08), (.60, .46), (.44, .95))),
        (((.18, .14), (.20, .06), (.50, .08), (.80, .07)), ((.80, .07), (.62, .46), (.50, .95)),
         ((.34, .50), (.54, .49), (.76, .48))),
    ),
    8: (
        (((.70, .18), (.48, .05), (.26, .18), (.32, .38), (.52, .50), (.76, .68), (.70, .90),
          (.46, .95), (.24, .80), (.34, .60), (.54, .46), (.74, .30), (.70, .17)),),
        (((.50, .48), (.28, .34), (.30, .12), (.52, .05), (.74, .16), (.68, .36), (.50, .48),
          (.26, .66), (.28, .88), (.52, .95), (.76, .84), (.72, .62), (.50, .48)),),
    ),
    9: (
        (((.74, .28), (.54, .44), (.28, .38), (.26, .16), (.50, .05), (.74, .16), (.76, .30)),
         ((.76, .22), (.72, .58), (.64, .95))),
        (((.72, .24), (.50, .46), (.24, .34), (.32, .10), (.60, .06), (.76, .24), (.74, .58),
          (.58, .90), (.30, .92)),),
    ),
}
# fmt: on


def written(digit: int, dice: Dice) -> np.ndarray:
    """A digit by a hand of its own: uint8 (28, 28), 0 is paper and 255 ink."""
    strokes = [np.array(curve) - 0.5 for curve in dice.pick(WAYS[digit])]
    strokes = _bent(strokes, dice)
    breadth, lean, turn = dice.between(0.62, 1.2), dice.between(-0.2, 0.48), dice.between(-1, 1)
    if digit == 1:
        breadth *= 0.7
    c, s = math.cos(0.14 * turn), math.sin(0.14 * turn)
    matrix = np.array([[breadth, 0], [-lean, 1]]) @ np.array([[c, s], [-s, c]])
    strokes = [stroke @ matrix for stroke in strokes]
    ink = np.concatenate(strokes)
    low, high = ink.min(0), ink.max(0)
    thick = 4 * dice.between(1.7, 3.6)
    scale = (4 * BOX - thick) / (high - low).max()
    middle = (low + high) / 2
    page = Image.new("L", (GRID, GRID))
    draw = ImageDraw.Draw(page)
    for stroke in strokes:
        line = open_curve((stroke - middle) * scale + GRID / 2)
        draw.line([*map(tuple, line)], 255, round(thick), joint="curve")
        for x, y in (line[0], line[-1]):
            draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), 255)
    soft = page.filter(ImageFilter.GaussianBlur(dice.between(1.6, 2.6)))
    small = np.asarray(soft.reduce(GRID // SIDE), np.float32)
    pressed = np.clip(small * dice.between(1.15, 1.5), 0, 255)
    return _centred(pressed.astype(np.uint8))


def _bent(strokes: list[np.ndarray], dice: Dice) -> list[np.ndarray]:
    """Each point a little elsewhere; ends that met still meet, and the whole is waved smoothly."""
    moved: dict[tuple[float, float], np.ndarray] = {}
    waves = [(dice.between(-0.05, 0.05), dice.between(0, 2 * math.pi)) for _ in range(2)]
    for stroke in strokes:
        for x, y in stroke.tolist():
            if (x, y) not in moved:
                dx, dy = (dice.between(-0.04, 0.04) for _ in range(2))
                dx += waves[0][0] * math.sin(3 * y + waves[0][1])
                dy += waves[1][0] * math.sin(3 * x + waves[1][1])
                moved[x, y] = np.array((x + dx, y + dy))
    return [np.array([moved[x, y] for x, y in stroke.tolist()]) for stroke in strokes]


def _centred(glyph: np.ndarray) -> np.ndarray:
    """The centre of mass in the middle, as near as whole pixels bring it; nothing falls off."""
    ink = glyph.astype(np.float64)
    found = []
    for axis in (0, 1):
        profile = ink.sum(1 - axis)
        inked = np.flatnonzero(profile)
        want = round((SIDE - 1) / 2 - float(profile @ np.arange(SIDE)) / profile.sum())
        found.append(min(max(want, -int(inked[0])), SIDE - 1 - int(inked[-1])))
    return np.roll(glyph, (found[0], found[1]), (0, 1))
