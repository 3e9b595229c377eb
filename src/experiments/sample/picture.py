"""Contact sheets: grids of pictures with captions, and every stage of a sample side by side."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from experiments.file.whole import aside
from experiments.sample.label import info

if TYPE_CHECKING:
    from torch import Tensor

    Images = Tensor | np.ndarray

PAPER, INK, FAINT = (255, 255, 255), (34, 34, 34), (128, 128, 128)
LATIN = str.maketrans({"–": "-", "—": "-", "×": "x", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe"})
READABLE = 160  # px: a caption of ten words still wraps into few lines


def to_pixels(images: Images) -> np.ndarray:
    """(..., 3, H, W) float in [-1, 1], or uint8, to uint8 (..., H, W, 3): rounded and clamped.

    Values that are not finite turn black, so that a diverged sample can still be looked at.
    """
    if isinstance(images, np.ndarray):
        array = images
    else:
        tensor = images.detach().cpu()
        array = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    assert array.ndim >= 3 and array.shape[-3] == 3, f"not (..., 3, H, W): {array.shape}"
    if array.dtype != np.uint8:
        assert np.issubdtype(array.dtype, np.floating), f"neither uint8 nor float: {array.dtype}"
        scaled = (array.astype(np.float32) + 1) * 127.5
        scaled = np.nan_to_num(scaled, nan=0, posinf=0, neginf=0)
        array = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(array, -3, -1))


def pictures(images: Images) -> list[Image.Image]:
    """Each of (N, 3, H, W), see `to_pixels`, as a picture of its own."""
    return [Image.fromarray(pixels) for pixels in to_pixels(images)]


def grid(
    images: Images,
    columns: int | None = None,
    captions: Sequence[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """A sheet of equally sized pictures, row by row, on white.

    images: (N, 3, H, W), see `to_pixels`. Without `columns` the sheet is about square. `scale`
    enlarges by a whole factor without smoothing; by default captioned pictures grow to a width
    where text is readable. Captions stand under their picture, wrapped, never cut.
    """
    pixels = to_pixels(images)
    count, height, width = pixels.shape[:3]
    assert count > 0, "no pictures"
    assert captions is None or len(captions) == count, "one caption per picture"
    if scale is None:
        scale = readable(width) // width if captions is not None else 1
    columns = min(columns or int(np.ceil(np.sqrt(count))), count)
    width, height = width * scale, height * scale
    margin = margin_of(width)
    font = font_of(_caption_size(width))
    texts = [wrap(text, width, font) for text in captions] if captions is not None else []
    bands = [
        max((text_height(lines, font) for lines in texts[first : first + columns]), default=0)
        + (margin if texts else 0)
        for first in range(0, count, columns)
    ]
    tops = [margin + sum(bands[:row]) + row * (height + margin) for row in range(len(bands))]
    sheet = Image.new(
        "RGB", (margin + columns * (width + margin), tops[-1] + height + bands[-1] + margin), PAPER
    )
    draw = ImageDraw.Draw(sheet)
    for index in range(count):
        row, column = divmod(index, columns)
        left, top = margin + column * (width + margin), tops[row]
        sheet.paste(resize(pixels[index], width, height), (left, top))
        if texts:
            write(draw, texts[index], left, top + height, font)
    return sheet


def stage_grid(
    stages: Sequence[Images],
    captions: Sequence[str],
    real: Images | None = None,
    size: int | None = None,
    given: Sequence[Images] = (),
    titles: Sequence[str] | None = None,
) -> Image.Image:
    """One row per caption: what was asked, where that can be shown, the real picture when given,
    then the sample at every stage.

    stages: (N, 3, H_i, W_i) each, coarse to fine; real: (N, 3, H, W). All are drawn at the size
    of the largest stage (or `size` px wide), enlarged without smoothing so that each stage shows
    its own pixels. The width stands above each column, or its title, the caption under its row.
    """
    assert stages and all(len(stage) == len(captions) for stage in stages), "a caption per sample"
    assert real is None or len(real) == len(captions), "a real picture per caption"
    assert len(captions) > 0, "no captions"
    columns = [to_pixels(stage) for stage in stages]
    titles = list(titles or (f"{stage.shape[2]} px" for stage in columns))
    width = readable(max(stage.shape[2] for stage in columns))
    if real is not None:
        columns, titles = [to_pixels(real), *columns], ["real", *titles]
    columns, titles = [*map(to_pixels, given), *columns], ["given"] * len(given) + titles
    return table(columns, titles, captions, size or width)


def table(
    columns: Sequence[np.ndarray],
    titles: Sequence[str],
    captions: Sequence[str],
    width: int,
    heading: Sequence[str] = (),
) -> Image.Image:
    """Pictures in columns with a title above each, a caption under each row, and lines of text
    above all.

    columns: uint8 (N, H_i, W_i, 3) each, all drawn as high as the last, which is `width` px wide;
    none is wider, and what is narrower in its own shape stays so, as a picture beside a strip.
    """
    height = round(width * columns[-1].shape[1] / columns[-1].shape[2])
    margin = margin_of(width)
    widths = [min(width, round(height * each.shape[2] / each.shape[1])) for each in columns]
    lefts = [margin + sum(widths[:column]) + column * margin for column in range(len(columns))]
    total = lefts[-1] + width + margin
    font, small = font_of(_caption_size(width)), font_of(max(11, _caption_size(width) - 3))
    texts = [wrap(caption, total - 2 * margin, font) for caption in captions]
    told = [line for text in heading for line in wrap(text, total - 2 * margin, font)]
    header = margin + text_height([titles[0]], small)
    first = header + text_height(told, font)
    steps = [height + text_height(lines, font) + 2 * margin for lines in texts]
    sheet = Image.new("RGB", (total, first + sum(steps)), PAPER)
    draw = ImageDraw.Draw(sheet)
    write(draw, told, margin, 0, font)
    for left, own, title in zip(lefts, widths, titles, strict=True):
        draw.text((left + own // 2, first - margin // 2), title, FAINT, small, anchor="ms")
    for row, lines in enumerate(texts):
        top = first + sum(steps[:row])
        for left, own, pictures in zip(lefts, widths, columns, strict=True):
            sheet.paste(resize(pictures[row], own, height), (left, top))
        write(draw, lines, margin, top + height, font)
    return sheet


def readable(width: int) -> int:
    """The least whole multiple of a width over which a caption can be read."""
    return -(-READABLE // width) * width


def beside(sheets: Sequence[Image.Image]) -> Image.Image:
    """Sheets from left to right, their tops in one line: a screen is wider than it is high."""
    size = sum(sheet.width for sheet in sheets), max(sheet.height for sheet in sheets)
    joined = Image.new("RGB", size, PAPER)
    left = 0
    for sheet in sheets:
        joined.paste(sheet, (left, 0))
        left += sheet.width
    return joined


def save_png(image: Image.Image, path: str | Path, about: Mapping[str, str] | None = None) -> None:
    """Write a PNG whole or not at all, making its folder; `about`: what it says of itself
    (`label.py`). Raises OSError on a full disk."""
    with aside(Path(path)) as partial:
        image.save(partial, format="PNG", pnginfo=info(about) if about else None)


def resize(pixels: np.ndarray, width: int, height: int) -> Image.Image:
    """uint8 (H, W, 3) at another size: larger keeps hard pixels, smaller averages."""
    smaller = width < pixels.shape[1]
    method = Image.Resampling.LANCZOS if smaller else Image.Resampling.NEAREST
    return Image.fromarray(pixels).resize((width, height), method)


@lru_cache(maxsize=16)
def font_of(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own scalable font: no font file is looked for on the machine."""
    return ImageFont.load_default(size=size)


def margin_of(width: int) -> int:
    """White space in px around pictures of this width."""
    return max(4, width // 20)


def wrap(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """Lines of at most `width` px. A word that is wider alone is broken between letters."""
    lines: list[str] = []
    line = ""
    for word in _drawable(text).split():
        joined = f"{line} {word}" if line else word
        if font.getlength(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = ""
        for letter in word:
            if line and font.getlength(line + letter) > width:
                lines.append(line)
                line = ""
            line += letter
    return [*lines, line] if line else lines


def line_height(font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    """Distance in px between two lines of text."""
    _, top, _, bottom = font.getbbox("Ágjy")
    return round((bottom - top) * 1.25)


def text_height(lines: Sequence[str], font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    """Height in px of a block of lines with the gap above it; no lines take no room."""
    return round(line_height(font) * (len(lines) + 0.5)) if lines else 0


def write(
    draw: ImageDraw.ImageDraw,
    lines: Sequence[str],
    left: int,
    top: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Draw a block of lines whose room, `text_height`, begins at `top`."""
    step = line_height(font)
    for number, line in enumerate(lines):
        draw.text((left, top + step // 2 + number * step), line, INK, font)


def _drawable(text: str) -> str:
    """Letters without their accents, which the built-in font lacks and would draw as boxes."""
    parts = unicodedata.normalize("NFKD", text.translate(LATIN))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def _caption_size(width: int) -> int:
    return min(max(13, width // 14), 26)
