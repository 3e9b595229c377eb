"""A recording as a picture: the stretches of sound that attention looks at, over their words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from experiments.sample.picture import INK, PAPER, READABLE, font_of, line_height, margin_of

SOUND = np.array([[16, 16, 48], [60, 80, 160], [240, 240, 220]], dtype=np.float32)  # quiet to loud
CUT = (150, 150, 150)
LETTERS = (20, 8)  # px: of words, largest and smallest


def spectrogram(frames: np.ndarray, width: int, height: int) -> Image.Image:
    """Frames (T, F) of any range, the lowest band first, as a picture: time to the right, low bands
    below, scaled by their own range; a constant is quiet."""
    assert frames.ndim == 2 and frames.size, f"not (T, F): {frames.shape}"
    values = np.nan_to_num(frames.astype(np.float32)).T[::-1]
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / max(high - low, 1e-12)
    levels = np.linspace(0, 1, len(SOUND))
    colour = np.stack([np.interp(scaled, levels, SOUND[:, c]) for c in range(3)], axis=-1)
    pixels = Image.fromarray(np.rint(colour).astype(np.uint8))
    return pixels.resize((width, height), Image.Resampling.BILINEAR)


def over_words(
    frames: np.ndarray, places: int, words: Sequence[str], width: int, height: int
) -> Image.Image:
    """The spectrogram of frames (T, F), cut into equal `places`, with its words under it, if any.

    Nobody has aligned the words: each has as much of the width as it has of the letters.
    """
    font = _fitting(words, width)
    band = line_height(font) + 4 if words else 0
    sheet = Image.new("RGB", (width, height + band), PAPER)
    sheet.paste(spectrogram(frames, width, height))
    draw = ImageDraw.Draw(sheet)
    for place in range(1, places):
        x = round(place * width / places)
        draw.line([(x, 0), (x, height - 1)], fill=CUT)
    for word, (first, last) in zip(words, slots(words, width), strict=True):
        indent = max(0.0, (last - first - font.getlength(word)) / 2)
        draw.text((first + indent, height + 2), word, fill=INK, font=font)
    return sheet


def slots(words: Sequence[str], width: int) -> list[tuple[float, float]]:
    """Where each word begins and ends, by its letters and a blank."""
    letters = np.array([len(word) + 1 for word in words], dtype=float)
    ends = np.cumsum(letters) / max(letters.sum(), 1.0) * width
    begins = np.concatenate([[0.0], ends[:-1]]) if len(words) else ends
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def under_sound(
    sheet: Image.Image, frames: np.ndarray, places: int, words: Sequence[str]
) -> Image.Image:
    """A sheet of attention under the spectrogram of what was heard, as wide as it."""
    margin = margin_of(READABLE)
    width = sheet.width - 2 * margin
    strip = over_words(frames, places, words, width, max(40, min(160, width // 6)))
    whole = Image.new("RGB", (sheet.width, margin + strip.height + sheet.height), PAPER)
    whole.paste(strip, (margin, margin))
    whole.paste(sheet, (0, margin + strip.height))
    return whole


def _fitting(words: Sequence[str], width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest letters in which each word has room."""
    largest, smallest = LETTERS
    for size in range(largest, smallest, -1):
        font = font_of(size)
        places = zip(words, slots(words, width), strict=True)
        if all(font.getlength(word) <= last - first for word, (first, last) in places):
            return font
    return font_of(smallest)
