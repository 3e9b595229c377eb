"""The sheet of text, picture and clip."""

from __future__ import annotations

import numpy as np

from experiments.sample.steps import HIGH, WIDE, three_columns


def test_each_column_has_its_own_shape() -> None:
    pictures = np.zeros((2, 3, 8, 8), np.uint8)
    pictures[:, 0] = 255  # red
    strips = np.zeros((2, 3, 4, 16), np.uint8)
    strips[:, 2] = 255  # blue, four frames
    sheet = np.asarray(three_columns(["a red bird flies", "a bird " * 60], pictures, strips))
    red = (sheet == (255, 0, 0)).all(2)
    blue = (sheet == (0, 0, 255)).all(2)
    assert red.sum() == 2 * HIGH * HIGH and blue.sum() == 2 * HIGH * 4 * HIGH
    assert red.any(0).argmax() > WIDE  # text, picture, clip
    assert blue.any(0).argmax() > red.any(0).argmax() + HIGH - 1
    ink = (sheet < 100).all(2)
    assert ink[:, :WIDE].any()
    rows = np.flatnonzero(np.diff(red.any(1).astype(int)) == 1)
    assert len(rows) == 2
    assert sheet.shape[0] > rows[1] + 2 * HIGH  # a long caption makes its row higher
