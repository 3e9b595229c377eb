"""Which images a batch has: a pure function of (seed, images seen), for all processes together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from experiments.data.shard_order import ShardOrder
from experiments.data.store.split import Split
from experiments.data.store.streamed import groups_of
from experiments.terminal.error import UserError

Sampling = Literal["images", "classes"]
ORDER, CLASSES = 0, 2  # streams of random numbers that one seed gives; views draw from 1


class Order(Protocol):
    """Chooses the images of global batches."""

    def rows(self, images_seen: int) -> np.ndarray:
        """Images (batch,) of the global batch that follows after `images_seen` images."""


class EpochOrder:
    """The images of all epochs form one endless sequence, epoch e in an order drawn from (seed, e);
    a batch is the next stretch of it, so nothing is dropped between epochs."""

    def __init__(self, split: Split, batch: int, seed: int) -> None:
        self.count, self.batch, self.seed = len(split), batch, seed
        self._order = functools.lru_cache(maxsize=4)(self._draw)

    def rows(self, images_seen: int) -> np.ndarray:
        place = np.arange(images_seen, images_seen + self.batch)
        epochs, index = np.divmod(place, self.count)
        rows = np.empty(self.batch, np.int64)
        for epoch in range(epochs[0], epochs[-1] + 1):
            here = epochs == epoch
            rows[here] = self._order(int(epoch))[index[here]]
        return rows

    def _draw(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, ORDER, epoch]).permutation(self.count)


class ClassOrder:
    """Each image of a batch is of another class: classes drawn without replacement, then an image
    of each (Reed et al. 2016, CVPR, the released training script)."""

    def __init__(self, split: Split, batch: int, seed: int) -> None:
        """Raises `UserError` where there are fewer classes than images in a batch."""
        self.batch, self.seed = batch, seed
        _, self._count = np.unique(split.labels, return_counts=True)
        if batch > len(self._count):
            raise UserError(
                f"trainer.batch={batch}: each image of a batch is of another class, and there are "
                f"{len(self._count)} to train on; use a batch of at most {len(self._count)}"
            )
        self._by_class = np.argsort(split.labels, kind="stable")
        self._start = np.cumsum(self._count) - self._count

    def rows(self, images_seen: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, CLASSES, images_seen])
        classes = rng.permutation(len(self._count))[: self.batch]
        place = (rng.random(self.batch) * self._count[classes]).astype(np.int64)
        found: np.ndarray = self._by_class[self._start[classes] + place]
        return found


def order_of(sampling: Sampling, split: Split, batch: int, seed: int) -> Order:
    """The order of a split; that of its shards where its pictures are read from them."""
    groups = groups_of(split)
    if groups is None or sampling != "images":
        return ORDERS[sampling](split, batch, seed)
    return ShardOrder(groups, batch, seed)


ORDERS: dict[Sampling, Callable[[Split, int, int], Order]] = {
    "images": EpochOrder,
    "classes": ClassOrder,
}
