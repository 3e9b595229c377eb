"""Half a cosine from one value to another, as R3GAN moves its rates, averages and penalties."""

from __future__ import annotations

import math


def cosine(start: float, end: float, images: int, over: int) -> float:
    """The value after `images` of `over` images; constant afterwards (Huang et al. 2024, released
    code)."""
    share = min(images / over, 1.0)
    return start + (1.0 - 0.5 * (1.0 + math.cos(math.pi * share))) * (end - start)
