"""Recordings of captions, one for each caption row of a split: what an encoder hears."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Recordings:
    """M recordings as frames of a front-end, which lie end to end in one array.

    values (all frames, ...), of the memory map; recording k is its rows `begin[k]` to `begin[k] +
    lengths[k]`, int64 (M,) each. `number`: of its caption in the record, int64 (M,). `made`: what
    the frames were made of and by; with the rows it names them for good.
    """

    values: np.ndarray
    begin: np.ndarray
    lengths: np.ndarray
    number: np.ndarray
    made: str
    folder: str = ""  # beside the data set, that holds them

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that differ where any recording does."""
        digest = hashlib.sha256(self.made.encode())
        digest.update(self.begin.tobytes())
        digest.update(self.lengths.tobytes())
        return digest.hexdigest()[:12]

    def of(self, row: int) -> np.ndarray:
        """One recording, (T, ...)."""
        found: np.ndarray = self.values[self.begin[row] : self.begin[row] + self.lengths[row]]
        return found

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Recordings (B,) as (B, T, ...), zeros behind, T the longest, and lengths int64 (B,)."""
        lengths = self.lengths[rows]
        shape = (len(rows), int(lengths.max(initial=0)), *self.values.shape[1:])
        found = np.zeros(shape, self.values.dtype)
        for to, row, length in zip(found, rows, lengths, strict=True):
            to[:length] = self.of(row)
        return found, lengths

    def only(self, kept: np.ndarray) -> Recordings:
        """Those where `kept` (M,) is true; no frame is copied."""
        return dataclasses.replace(
            self, begin=self.begin[kept], lengths=self.lengths[kept], number=self.number[kept]
        )
