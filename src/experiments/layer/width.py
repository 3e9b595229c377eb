"""Networks of published layers, a share as wide."""

from __future__ import annotations


def scaled(channels: int, width: float) -> int:
    """Channels of a layer that is `width` times as wide as published; at least one."""
    return max(1, round(channels * width))
