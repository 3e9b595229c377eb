"""Explore: other seeds, other words, ways to another caption, and the style of a picture."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from experiments.app.page.describe import drawing, typing
from experiments.app.page.desk import Desk
from experiments.app.page.look import looking
from experiments.app.page.part import part
from experiments.app.page.wire import Answer, file_answer, png_url
from experiments.app.refusal import Refused
from experiments.sample.name import slug


def explore(desk: Desk) -> gr.HTML:
    def replaced(values: Any) -> Answer:
        given = desk.given(values)
        found = desk.session.replaced(*desk.made(given), given.text("caption"))
        assert found.difference is not None
        return desk.show(found) | {
            "difference": png_url(heat(found.difference)),
            "changed": float(found.difference.mean()),
        }

    def between(values: Any) -> Answer:
        given = desk.given(values)
        first, second = given.text("first"), given.text("second")
        seed, steps = given.number("seed"), given.number("steps")
        walk = desk.session.between(given.text("model"), first, second, seed, steps)
        stem = f"{slug(first, second, seed, steps)}-seed-{seed}"
        return {
            "first": first,
            "second": second,
            "side": walk.pictures[0].shape[1],
            "urls": [png_url(pixels) for pixels in walk.pictures],
            "strip": file_answer(f"{stem}.png", walk.strip),
            "gif": file_answer(f"{stem}.gif", walk.gif),
        }

    def styled(values: Any) -> Answer:
        given = desk.given(values)
        picture, seed = given.content("picture"), given.number("seed")
        if picture is None:
            raise Refused("there is no picture")
        count = given.number("count")
        seeds = range(seed, seed + min(count, desk.session.bounds.pictures))
        caption = given.text("caption")
        return desk.show(desk.session.styled(given.text("model"), picture, caption, list(seeds)))

    functions = [replaced, between, styled, *drawing(desk), *typing(desk), *looking(desk)]
    return part("explore", desk, functions)


def heat(difference: np.ndarray) -> np.ndarray:
    """How much each pixel changed, (H, W) from 0 to 1, as uint8 (H, W, 3): from paper to ink of the
    accent colour; the square root shows small changes as well."""
    share = np.sqrt(np.clip(difference, 0, 1))[..., None]
    paper, ink = np.array([246.0, 244.0, 239.0]), np.array([11.0, 79.0, 92.0])
    return np.rint(paper + (ink - paper) * share).astype(np.uint8)
