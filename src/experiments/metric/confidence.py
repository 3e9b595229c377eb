"""Quantiles of Student's t."""

from __future__ import annotations

import math


def t_quantile(freedom: int, confidence: float) -> float:
    """t such that Student's distribution holds `confidence` within -t and t.

    By bisection of the closed form for whole degrees of freedom (Abramowitz and Stegun 26.7.3, 4).
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        if _within(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return math.tan(low) * math.sqrt(freedom)


def _within(angle: float, freedom: int) -> float:
    """The share within -t and t, where t = tan(angle) sqrt(freedom)."""
    odd = freedom % 2
    term, total = (math.cos(angle) if odd else 1.0), 0.0
    for power in range(odd, freedom - 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (power + 1) / (power + 2)
    total *= math.sin(angle)
    return (angle + total) * 2 / math.pi if odd else total
