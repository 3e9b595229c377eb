"""Records of other classes: what a wrong pair is made with."""

from __future__ import annotations

import numpy as np


class Strangers:
    """Draws records of other classes."""

    def __init__(self, labels: np.ndarray) -> None:
        """`labels` (N,) of all records."""
        self.labels = labels
        self._by_class = np.argsort(labels, kind="stable")
        self._sorted = labels[self._by_class]

    def of(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A random record of another class for each (B,); of the same one only where there is but
        one class, and never itself."""
        count, uniform = len(self.labels), rng.random(len(rows))
        labels = self.labels[rows]
        first = np.searchsorted(self._sorted, labels, side="left")
        same = np.searchsorted(self._sorted, labels, side="right") - first
        if same[0] == count:  # one class only
            other = (uniform * (count - 1)).astype(np.int64)
            return np.minimum(other + (other >= rows), count - 1)
        pick = (uniform * (count - same)).astype(np.int64)
        found: np.ndarray = self._by_class[pick + np.where(pick >= first, same, 0)]
        return found
