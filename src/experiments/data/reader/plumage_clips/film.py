"""Films a bird: its deed drawn frame by frame, before a background that stands still."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage.render import Drawn, Light, lit, paint, relief
from experiments.data.reader.plumage.scenery import background, branch
from experiments.data.reader.plumage_clips.action import BRANCH, deed_of, moment
from experiments.data.reader.plumage_clips.rig import rig

CLIPS_VERSION = 1
LEVEL = 0.02  # how much a branch rises or falls
BRANCH_UNIT = 0.62  # of the picture


def film(attributes: Mapping[str, str], side: int, times: np.ndarray, seed: int) -> np.ndarray:
    """The clip at some moments (T,) of [0, 1]: uint8 (T, side, side, 3).

    `attributes` are all that a record has; `seed` decides what they leave open: scenery, light,
    place, tempo.
    """
    bird = dict(attributes)
    dice = Dice(seed, 6)
    scene = _scene(bird, side, dice)
    deed, light = deed_of(bird, dice), Light.of(dice)
    mirror = np.array((1.0 if bird["direction"] == "right" else -1.0, 1.0))
    body = rig(bird["beak_shape"], bird["size"], bird["pattern"])
    frames = np.empty((len(times), side, side, 3), np.uint8)
    for number, time in enumerate(times.tolist()):
        now = moment(deed, time)
        points = body.posed(now.stance) * deed.scale + (now.x, now.y)
        points = (points - (0.5, 0.0)) * mirror + (0.5, 0.0)
        canvas = scene.copy()
        drawn = Drawn(body.spans, points)
        paint(ImageDraw.Draw(canvas), bird, drawn, scene.width)
        pixels = np.asarray(canvas.reduce(scene.width // side), dtype=np.float32)
        frames[number] = lit(pixels, relief(drawn, side, light.across), light)
    return frames


def stage(attributes: Mapping[str, str], side: int, seed: int) -> np.ndarray:
    """What of such a clip stands still, without the bird: uint8 (side, side, 3)."""
    bird, dice = dict(attributes), Dice(seed, 6)
    scene = _scene(bird, side, dice)
    deed_of(bird, dice)
    pixels = np.asarray(scene.reduce(scene.width // side), dtype=np.float32)
    return lit(pixels, np.zeros((side, side, 1), np.float32), Light.of(dice))


def _scene(bird: Mapping[str, str], side: int, dice: Dice) -> Image.Image:
    """Background and branch, on a canvas some times larger than `side`."""
    finer = 3 if side <= 160 else 2
    smooth = Image.Resampling.BILINEAR if side <= 160 else Image.Resampling.BICUBIC
    full = side * finer
    scene = background(bird["background"], dice).resize((full, full), smooth)
    twigs = branch(dice, (0.0, 0.0), LEVEL)
    if bird["action"] != "fly":
        draw = ImageDraw.Draw(scene)
        for rgb, points in twigs:
            draw.polygon(((points * BRANCH_UNIT + (0.5, BRANCH)) * full).ravel().tolist(), rgb)
    return scene
