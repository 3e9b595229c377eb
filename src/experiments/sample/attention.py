"""Attention as pictures: where each word of a caption looks (AttnGAN, Xu 2018, fig. 4), or each
stretch of its sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from experiments.sample.picture import (
    PAPER,
    READABLE,
    font_of,
    margin_of,
    resize,
    text_height,
    to_pixels,
    wrap,
    write,
)
from experiments.sample.sound import strip

if TYPE_CHECKING:
    from torch import Tensor

    Maps = Tensor | np.ndarray

STRETCHES = 9  # of a sound, of up to 40, whose pictures are shown
WARM = np.array([[90, 10, 90], [225, 60, 40], [255, 225, 90]], dtype=np.float32)  # low to high


def attention_stages(
    images: Sequence[Maps],
    attentions: Sequence[Maps],
    words: Sequence[str],
    top: int | None = None,
    columns: int | None = None,
    sound: np.ndarray | None = None,
    said: str | None = None,
) -> Image.Image:
    """For each stage the picture, then one heat overlay per word, in the order of the caption.

    images: (3, H_i, W_i) and attentions: (T, h_i, w_i), coarse to fine, with T >= len(words), the
    rest being padding. `top` keeps the words with the strongest peak in the last stage. Each word
    is scaled by its own range, so read where it looks, not how much: the number under it is its
    share of all attention.

    `sound`: (F, T) of a recording, of which each of `words` names a stretch. It stands under the
    pictures, with what is `said` in it; `top` is then `STRETCHES`, where it is not given.
    """
    top = STRETCHES if top is None and sound is not None else top
    assert len(images) == len(attentions) > 0, "one attention per picture"
    maps = [_maps(attention, len(words)) for attention in attentions]
    chosen = strongest(maps[-1], top)
    pixels = [to_pixels(image) for image in images]
    largest = max(pixels, key=lambda image: image.shape[1])
    width = max(1, -(-READABLE // largest.shape[1])) * largest.shape[1]
    height = round(width * largest.shape[0] / largest.shape[1])
    cells: list[tuple[Image.Image, list[str]]] = []
    font = font_of(min(max(13, width // 12), 26))
    per_row = min(columns or len(chosen) + 1, len(chosen) + 1)
    blanks = -(len(chosen) + 1) % per_row
    for image, heat in zip(pixels, maps, strict=True):
        picture = resize(image, width, height)
        cells.append((picture, wrap(f"{image.shape[1]} px", width, font)))
        share = heat.sum(axis=(1, 2)) / max(float(heat.sum()), 1e-12)
        for word in chosen:
            text = wrap(f"{words[word]} {100 * share[word]:.0f}%", width, font)
            cells.append((overlay(picture, heat[word]), text))
        cells.extend([(Image.new("RGB", (width, height), PAPER), [])] * blanks)
    margin = margin_of(width)
    band = max(text_height(lines, font) for _, lines in cells)
    sheet = Image.new(
        "RGB",
        (
            margin + per_row * (width + margin),
            margin + len(cells) // per_row * (height + band + margin),
        ),
        PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    for index, (picture, lines) in enumerate(cells):
        row, column = divmod(index, per_row)
        place = margin + column * (width + margin), margin + row * (height + band + margin)
        sheet.paste(picture, place)
        write(draw, lines, place[0], place[1] + height, font)
    return sheet if sound is None else _over(sheet, sound, maps[-1], chosen, words, said)


def _over(
    sheet: Image.Image,
    sound: np.ndarray,
    heat: np.ndarray,
    chosen: Sequence[int],
    names: Sequence[str],
    said: str | None,
) -> Image.Image:
    """The sheet over the sound that is looked for, with shares of the last stage (T, h, w)."""
    shares = heat.sum(axis=(1, 2)) / max(float(heat.sum()), 1e-12)
    under = strip(sound, shares.tolist(), chosen, sheet.width, names, said)
    joined = Image.new("RGB", (sheet.width, sheet.height + under.height), PAPER)
    joined.paste(sheet, (0, 0))
    joined.paste(under, (0, sheet.height))
    return joined


def strongest(attention: np.ndarray, top: int | None) -> list[int]:
    """Indices, in the order of the caption, of the `top` words with the highest peak."""
    peaks = attention.max(axis=(1, 2))
    order = np.argsort(-peaks, kind="stable")[: len(peaks) if top is None else max(top, 1)]
    return sorted(int(index) for index in order)


def overlay(picture: Image.Image, heat: np.ndarray) -> Image.Image:
    """Heat (h, w) over a picture: dim where it is low, warm where it is high, smooth between.

    The map is scaled to [0, 1] by its own range; a flat map, which looks nowhere in particular,
    leaves the whole picture dim.
    """
    low, high = float(heat.min()), float(heat.max())
    scaled = (heat - low) / (high - low) if high - low > 1e-6 * max(abs(high), 1e-6) else 0 * heat
    smooth = Image.fromarray(scaled.astype(np.float32)).resize(
        picture.size, Image.Resampling.BICUBIC
    )
    amount = np.clip(np.asarray(smooth), 0, 1)[..., None]
    levels = np.linspace(0, 1, len(WARM))
    colour = np.stack([np.interp(amount[..., 0], levels, WARM[:, c]) for c in range(3)], axis=-1)
    plain = np.asarray(picture, dtype=np.float32)
    lit = plain * (0.3 + 0.7 * amount)
    mixed = lit + 0.3 * amount * (colour - lit)
    return Image.fromarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))


def _maps(attention: Maps, count: int) -> np.ndarray:
    """(T, h, w) of any kind to float32 numpy, the first `count` words, without NaN."""
    if not isinstance(attention, np.ndarray):
        attention = attention.detach().float().cpu().numpy()
    assert attention.ndim == 3, f"not (T, h, w): {attention.shape}"
    assert 0 < count <= len(attention), f"{count} words for {len(attention)} maps"
    return np.nan_to_num(attention[:count].astype(np.float32))
