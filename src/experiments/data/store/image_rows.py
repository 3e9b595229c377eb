"""Some of the pictures of an array, or of what stands for one, in place of a copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class ImageRows:
    """Some rows of an array of pictures, or of what does for one (`encoded.Decoded`), which are
    read where they are asked for."""

    array: Any  # uint8 (.., L, L, 3)
    rows: np.ndarray  # int64 (N,)

    @classmethod
    def of(cls, images: np.ndarray | ImageRows, rows: np.ndarray) -> ImageRows:
        """Those rows of an array, or of what is some rows itself."""
        if isinstance(images, ImageRows):
            return cls(images.array, images.rows[rows])
        return cls(np.asarray(images) if isinstance(images, np.ndarray) else images, rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.array.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> np.ndarray:
        found: np.ndarray = self.array[self.rows[rows]]
        return found


def between(images: Any, first: int, last: int) -> np.ndarray | ImageRows:
    """The pictures from `first` to `last`, of which nothing is copied or decoded."""
    if isinstance(images, np.ndarray):
        return images[first:last]
    return ImageRows.of(images, np.arange(first, last))
