"""A sound as a picture, for those who look at what attends to stretches of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from experiments.sample.picture import (
    FAINT,
    INK,
    PAPER,
    font_of,
    margin_of,
    text_height,
    wrap,
    write,
)

HIGH, SHARES, TEXT = 120, 40, 14  # px: of the spectrogram, of the shares above it, of letters
QUIET, LOUD = 5, 99.5  # percentiles that are drawn as paper and as ink
CHOSEN = (225, 60, 40)


def strip(
    sound: np.ndarray,
    shares: Sequence[float],
    chosen: Sequence[int],
    width: int,
    names: Sequence[str],
    caption: str | None = None,
) -> Image.Image:
    """A spectrogram, low sounds at its bottom, cut into the stretches that are attended to: above
    each its share of all attention, over those that are `chosen` also its name; under it the
    caption, where that is known.

    sound: (F, T), which is scaled by its own range; shares and names: one for each stretch, all of
    the same width.
    """
    assert len(shares) == len(names) > 0, "a share and a name for each stretch"
    font, margin = font_of(TEXT), margin_of(width // 8)
    inner = width - 2 * margin
    told = wrap(f"said: {caption}", inner, font) if caption else []
    top = TEXT + margin + SHARES
    sheet = Image.new("RGB", (width, top + HIGH + text_height(told, font) + margin), PAPER)
    draw = ImageDraw.Draw(sheet)
    sheet.paste(_spectrogram(sound).resize((inner, HIGH), Image.Resampling.BILINEAR), (margin, top))
    edges = [margin + round(inner * k / len(shares)) for k in range(len(shares) + 1)]
    most, right = max(*shares, 1e-12), 0.0
    for place, share in enumerate(shares):
        left, end = edges[place], edges[place + 1]
        colour = CHOSEN if place in chosen else FAINT
        high = round((SHARES - 4) * max(share, 0.0) / most)
        if high:
            draw.rectangle((left + 1, top - 1 - high, max(end - 2, left + 1), top - 2), colour)
        draw.line((left, top, left, top + HIGH - 1), colour if place in chosen else FAINT)
        middle, half = (left + end) / 2, font.getlength(names[place]) / 2
        if place in chosen and middle - half >= right:  # names that would run into one another
            draw.text((middle, TEXT + 2), names[place], INK, font, anchor="ms")
            right = middle + half + 4
    draw.line((edges[-1], top, edges[-1], top + HIGH - 1), FAINT)
    write(draw, told, margin, top + HIGH, font)
    return sheet


def _spectrogram(sound: np.ndarray) -> Image.Image:
    """(F, T) in grey, loud ones dark; what is not finite is paper."""
    values = np.nan_to_num(sound.astype(np.float64), nan=-np.inf, neginf=-np.inf, posinf=np.inf)
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, (QUIET, LOUD)) if finite.size else (0.0, 1.0)
    scaled = np.clip((values - low) / max(high - low, 1e-9), 0, 1)[::-1]
    levels = PAPER[0] + (INK[0] - PAPER[0]) * scaled
    return Image.fromarray(np.rint(levels).astype(np.uint8)).convert("RGB")
