"""Ways between two captions, and what a word changes."""

from __future__ import annotations

import numpy as np

from experiments.app.about import About
from experiments.app.refusal import Refused, refusing
from experiments.app.wish import Drawing, Walk
from experiments.clip.gif import gif_of
from experiments.sample.between import between_captions, rows_of
from experiments.sample.interpolation import Interpolation
from experiments.sample.label import label, labelled
from experiments.sample.model import Model
from experiments.sample.picture import grid, readable, to_pixels
from experiments.system.text_to_image import TextToImage

PACE = 8.0  # pictures a second
MOST = 32  # pictures of a way


def walked(
    model: Model,
    about: About,
    ends: tuple[str, str],
    seed: int,
    steps: int,
    kind: Interpolation = "linear",
) -> Walk:
    """Pictures on the way from one caption to the other with the same noise, both ends included;
    the GIF goes there and back. Raises `Refused`."""
    import torch

    if not 2 <= steps <= MOST:
        raise Refused(f"{steps} pictures: a way has 2 to {MOST}")
    if not isinstance(model.system, TextToImage):
        raise Refused(f"{about.name} draws no pictures on a way; take one that draws captions")
    with refusing():
        text = between_captions(model, *ends, steps, kind)
    noise = model.noise([seed]).expand(steps, -1)
    pictures: list[np.ndarray] = []
    for part in model.parts(steps):
        index = torch.arange(part.start, part.stop)
        made = model.draw_from(rows_of(text, index), noise[part])
        pictures += list(to_pixels(made.images[-1]))
    stack = np.stack(pictures)
    side = stack.shape[2]
    sheet = grid(np.moveaxis(stack, -1, 1), columns=steps, scale=readable(side) // side)
    told = label(f"{ends[0]} -> {ends[1]}", seed, about.run)
    there_and_back = np.concatenate([stack, stack[-2:0:-1]])
    return Walk(tuple(pictures), labelled(sheet, told), gif_of(there_and_back, PACE))


def difference(first: Drawing, second: Drawing) -> np.ndarray:
    """How much each pixel of the last stage of the first pictures differs: float32 (H, W), the mean
    over the colours, from 0 to 1."""
    one, other = (drawing.made[0].stages[-1].astype(np.float32) for drawing in (first, second))
    return np.abs(one - other).mean(-1) / 255  # type: ignore[no-any-return]
