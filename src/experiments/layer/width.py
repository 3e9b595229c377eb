"""How wide layers are."""

from __future__ import annotations


def scaled(channels: int, width: float) -> int:
    """Channels of a layer that is `width` times as wide as published; at least one."""
    return max(1, round(channels * width))


def widths_of(resolution: int, width: int, most: int = 8) -> list[int]:
    """Channels of maps of sides R, R/2, ... 4: they double from `width` up to `most` times it.
    `resolution` R: 8, 16, 32, ... px."""
    downs = (resolution // 4).bit_length() - 1
    assert downs >= 1 and resolution == 4 << downs, (
        f"a resolution must be 8, 16, 32, ..., got {resolution}"
    )
    return [width * min(1 << step, most) for step in range(downs + 1)]
