"""A sheet of three columns of what is made in two steps: the text, the picture, and the clip that
begins with it, as a strip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from experiments.sample.picture import (
    FAINT,
    PAPER,
    font_of,
    margin_of,
    resize,
    text_height,
    to_pixels,
    wrap,
    write,
)

if TYPE_CHECKING:
    from experiments.sample.picture import Images

TITLES = ("text", "picture", "clip")
HIGH = 96  # px of a row
WIDE, SIZE = 240, 15  # px of the column of text, and of its letters


def three_columns(captions: Sequence[str], pictures: Images, strips: Images) -> Image.Image:
    """A row for each caption, of the shape that each column has. pictures (N, 3, R, R) and strips
    (N, 3, H, n W), see `to_pixels`; both are drawn as high as a row, which a long caption makes
    higher."""
    columns = [to_pixels(pictures), to_pixels(strips)]
    assert len(captions) > 0, "no captions"
    assert all(len(column) == len(captions) for column in columns), "one of each for a caption"
    widths = [round(HIGH * column.shape[2] / column.shape[1]) for column in columns]
    font, small, margin = font_of(SIZE), font_of(SIZE - 2), margin_of(HIGH)
    texts = [wrap(caption, WIDE, font) for caption in captions]
    heights = [max(HIGH, text_height(lines, font)) for lines in texts]
    lefts = [margin, 2 * margin + WIDE, 3 * margin + WIDE + widths[0]]
    top = margin + text_height([TITLES[0]], small)
    sheet = Image.new(
        "RGB", (lefts[2] + widths[1] + margin, top + sum(heights) + margin * len(heights)), PAPER
    )
    draw = ImageDraw.Draw(sheet)
    for left, width, title in zip(lefts, (WIDE, *widths), TITLES, strict=True):
        draw.text((left + width // 2, top - margin // 2), title, FAINT, small, anchor="ms")
    for row, (lines, height) in enumerate(zip(texts, heights, strict=True)):
        write(draw, lines, margin, top, font)
        for column, left, width in zip(columns, lefts[1:], widths, strict=True):
            sheet.paste(resize(np.ascontiguousarray(column[row]), width, HIGH), (left, top))
        top += height + margin
    return sheet
