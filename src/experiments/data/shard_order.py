"""The order in which shards are read: a pure function of (seed, images seen), as every order.

Pictures lie in groups that are read together: a group of rows of parquet, some hundred rows of a
tar. In every epoch the groups come in another order, which is cut into a few *lanes* of one length.
A global batch has the same number of pictures of every lane, one lane after another, so that a
process, whose share of the batch is a stretch of it, reads lanes of its own and no group that
others read, but for those at the ends of lanes. How many processes there are does not change the
order. Within a lane the pictures of a group, or of two and more where there are few lanes, are
shuffled: a batch has those of `OPEN` groups from all over the data, and so many are in memory.

At most `OPEN - 1` pictures of an epoch, others in each, are left for the next ones. This project's
choice; a window that is shuffled is what webdataset has (https://github.com/webdataset/webdataset).
"""

from __future__ import annotations

import functools
import math

import numpy as np

OPEN = 8  # groups that are read at a time by all processes together
SHARDS = 3  # a stream of random numbers beside those of `order.py`


class ShardOrder:
    """groups (N,): the group of each record of a split; a group is a stretch of them."""

    def __init__(self, groups: np.ndarray, batch: int, seed: int) -> None:
        changes = np.flatnonzero(np.diff(groups)) + 1
        self._start = np.concatenate([[0], changes, [len(groups)]]).astype(np.int64)
        self.batch, self.seed = batch, seed
        self.lanes = math.gcd(batch, OPEN) if len(groups) >= OPEN else 1
        self.each = len(groups) // self.lanes  # pictures of an epoch in a lane
        self.window = OPEN // self.lanes  # groups that are shuffled together
        self._epoch = functools.lru_cache(maxsize=2)(self._draw)
        self._rows = functools.lru_cache(maxsize=4 * self.lanes)(self._shuffle)

    def rows(self, images_seen: int) -> np.ndarray:
        """Images (batch,) of the global batch that follows after `images_seen` images."""
        assert images_seen % self.batch == 0, "a run counts whole batches"
        share = self.batch // self.lanes
        place = images_seen // self.lanes + np.arange(share)
        epochs, index = np.divmod(place, self.each)
        found = [
            self._of_lane(lane, int(epoch), index[epochs == epoch])
            for lane in range(self.lanes)
            for epoch in range(int(epochs[0]), int(epochs[-1]) + 1)
        ]
        return np.concatenate(found)

    def _of_lane(self, lane: int, epoch: int, index: np.ndarray) -> np.ndarray:
        """Its pictures at some places (n,) of an epoch, which ascend."""
        ends = self._windows(lane, epoch)
        windows = np.searchsorted(ends, index, side="right")
        parts = []
        for window in range(int(windows[0]), int(windows[-1]) + 1):
            begin = int(ends[window - 1]) if window else 0
            parts.append(self._rows(lane, epoch, window)[index[windows == window] - begin])
        return np.concatenate(parts)

    def _draw(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The groups of an epoch in their order, and where each ends among all pictures."""
        order = np.random.default_rng([self.seed, SHARDS, epoch]).permutation(len(self._start) - 1)
        return order, np.cumsum(np.diff(self._start)[order])

    def _within(self, lane: int, epoch: int) -> tuple[int, np.ndarray]:
        """The first group of a lane, by its place in the epoch, and where in the lane each that it
        has a part of ends."""
        ends = self._epoch(epoch)[1]
        begin, end = lane * self.each, (lane + 1) * self.each
        first = int(np.searchsorted(ends, begin, side="right"))
        last = int(np.searchsorted(ends, end, side="left"))
        return first, np.minimum(ends[first : last + 1], end) - begin

    def _windows(self, lane: int, epoch: int) -> np.ndarray:
        """Where in the lane each window ends."""
        ends = self._within(lane, epoch)[1]
        return np.append(ends[self.window - 1 : -1 : self.window], ends[-1])

    def _shuffle(self, lane: int, epoch: int, window: int) -> np.ndarray:
        """The records of a window of a lane, in the order of training."""
        order, ends = self._epoch(epoch)
        first, within = self._within(lane, epoch)
        rows, begin = list[np.ndarray](), lane * self.each
        for place in range(window * self.window, min((window + 1) * self.window, len(within))):
            group = int(order[first + place])
            before = int(ends[first + place]) - int(np.diff(self._start)[group])
            start = begin + (int(within[place - 1]) if place else 0)
            stop = begin + int(within[place])
            rows.append(self._start[group] + np.arange(start - before, stop - before))
        rng = np.random.default_rng([self.seed, SHARDS, epoch, 1 + lane, window])
        return rng.permutation(np.concatenate(rows))
