"""Records of other classes, what a wrong pair is made with, and others of the same class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from experiments.data.store.split import Split

# Where a wrong caption comes from. `roll`: the next record's caption after sorting the batch by
# caption length (released AttnGAN code, where it may be of the same class; here the last takes the
# first's). `roll_released`: the last has none, so that a batch has a wrong pair less than records,
# as released; in the order of the batch where captions are not sorted. `class_aware`: a random
# caption of a random record of another class (of another record where there is one class).
# `redrawn_once`: of a random record, drawn once more where that is of the same class, which may
# then be of the same again (released StackGAN-v2 and S2IGAN). `altered`: the record's own with one
# wrong word (`altered.py`, this project's choice), or class_aware where none can be exchanged.
Mismatch = Literal["none", "roll", "roll_released", "class_aware", "redrawn_once", "altered"]


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

    def drawn_twice(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A random record for each (B,), another random one where its class is the same."""
        first, second = rng.integers(0, len(self.labels), (2, len(rows)))
        return np.where(self.labels[first] == self.labels[rows], second, first)


class PoseStrangers:
    """Draws records of the same class in another pose, as another player of an instrument (Chen
    2017, pose-oriented)."""

    def __init__(self, labels: np.ndarray, poses: Sequence[str]) -> None:
        """`labels` (N,), and the pose of each record."""
        pose = np.unique(np.asarray(poses), return_inverse=True)[1]
        self._order = np.lexsort((pose, labels))  # by class, and in it by pose
        both = labels.astype(np.int64) * (pose.max() + 1) + pose
        of_class, of_pose = labels[self._order], both[self._order]
        self._class = _bounds(of_class, labels)
        self._pose = _bounds(of_pose, both)

    def of(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A random record of another pose of the class of each (B,); itself where its class has
        one pose alone."""
        (first, last), (begin, end) = self._class[:, rows], self._pose[:, rows]
        others = (last - first) - (end - begin)
        pick = first + (rng.random(len(rows)) * others).astype(np.int64)
        pick += np.where(pick >= begin, end - begin, 0)
        found = self._order[np.where(others > 0, pick, 0)]
        return np.where(others > 0, found, rows)


def _bounds(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(2, N): where each of the values begins and ends among the ordered ones."""
    return np.stack([np.searchsorted(ordered, values, side) for side in ("left", "right")])


class Fellows:
    """Draws other records of the same class."""

    def __init__(self, labels: np.ndarray) -> None:
        """`labels` (N,) of all records. Where they are all one, the set has no classes."""
        self.alone = len(np.unique(labels)) == 1
        self._by_class = np.argsort(labels, kind="stable")
        self._place = np.argsort(self._by_class)
        ordered = labels[self._by_class]
        self._first = np.searchsorted(ordered, labels, side="left")
        self._count = np.searchsorted(ordered, labels, side="right") - self._first

    def of(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A random other record of the class of each (B,); itself where there is none, or where
        the set has no classes."""
        uniform = rng.random(len(rows))
        if self.alone:
            return rows
        first, others = self._first[rows], self._count[rows] - 1
        pick = (uniform * others).astype(np.int64)
        pick += pick >= self._place[rows] - first
        return np.asarray(self._by_class[first + np.where(others > 0, pick, 0)])


def wrong_captions(
    split: Split,
    strangers: Strangers,
    mismatch: Mismatch,
    by_length: bool,
    rows: np.ndarray,
    captions: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Caption rows that do not belong to the records `rows`, whose own are `captions`, (batch,)
    each; -1 for none. `mismatch` and `by_length` are those of `CaptionView`."""
    if mismatch == "none":
        return np.full(len(rows), -1, np.int64)
    if mismatch in ("roll", "roll_released") and len(rows) > 1:
        released = mismatch == "roll_released"
        order = np.argsort(-split.lengths[captions], kind="stable")
        if released and not by_length:
            order = np.arange(len(rows))
        wrong = np.empty_like(captions)
        wrong[order] = captions[np.roll(order, -1)]
        if released:
            wrong[order[-1]] = -1
        return wrong
    once = mismatch == "redrawn_once"
    others = strangers.drawn_twice(rows, rng) if once else strangers.of(rows, rng)
    return split.caption_at(others, rng.random(len(rows)))
