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
    finer = 3 if side <= 160 else 2
    smooth = Image.Resampling.BILINEAR if side <= 160 else Image.Resampling.BICUBIC
    full = side * finer
    stage = background(bird["background"], dice).resize((full, full), smooth)
    twigs = branch(dice, (0.0, 0.0), LEVEL)
    deed, light = deed_of(bird, dice), Light.of(dice)
    mirror = np.array((1.0 if bird["direction"] == "right" else -1.0, 1.0))
    if bird["action"] != "fly":
        draw = ImageDraw.Draw(stage)
        for rgb, points in twigs:
            draw.polygon(((points * BRANCH_UNIT + (0.5, BRANCH)) * full).ravel().tolist(), rgb)
    body = rig(bird["beak_shape"], bird["size"], bird["pattern"])
    frames = np.empty((len(times), side, side, 3), np.uint8)
    for number, time in enumerate(times.tolist()):
        now = moment(deed, time)
        points = body.posed(now.stance) * deed.scale + (now.x, now.y)
        points = (points - (0.5, 0.0)) * mirror + (0.5, 0.0)
        canvas = stage.copy()
        drawn = Drawn(body.spans, points)
        paint(ImageDraw.Draw(canvas), bird, drawn, full)
        pixels = np.asarray(canvas.reduce(finer), dtype=np.float32)
        frames[number] = lit(pixels, relief(drawn, side, light.across), light)
    return frames
