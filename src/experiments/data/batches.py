"""Training batches as a pure function of the images seen: what a run resumes from is one number.

Which records: `order.py`. What a batch has of them: the views that the system asks for
(`data/view/base.py`), none of which is known here by name. All that is random is drawn for the
global batch and sliced for a process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from experiments.data.order import Sampling, order_of
from experiments.data.store.split import Split
from experiments.data.view.base import Choice, P, Part, View, part_of, stream_of
from experiments.terminal.error import UserError

AHEAD = 3


@dataclass(frozen=True, eq=False)
class Batch:
    """B records, and what each view gives of them."""

    rows: Tensor  # int64 (B,), records of the split
    labels: Tensor  # int64 (B,)
    attributes: Tensor  # int64 (B, A), -1 where unknown
    views: dict[str, Part] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, kind: type[P], name: str | None = None) -> P:
        """What the view gives whose parts are of that kind; its name where several are."""
        return part_of(self.views, kind, name)

    def to(self, device: torch.device | str, non_blocking: bool = True) -> Batch:
        """The same batch on the device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> Batch:
        """The same batch in page-locked memory."""
        return self._map(lambda tensor: tensor.pin_memory())

    def cut(self, first: int, last: int) -> Batch:
        """Its rows from `first` to `last`."""
        return self._map(lambda tensor: tensor[first:last])

    def _map(self, function: Callable[[Tensor], Tensor]) -> Batch:
        rows, labels, attributes = map(function, (self.rows, self.labels, self.attributes))
        views = {name: part.map(function) for name, part in self.views.items()}
        return Batch(rows, labels, attributes, views)


class Batches:
    """Batches of a split, of which each process has its share.

    `views`: opened on the split, in the order in which they draw. `sampling`: whether a batch is
    the next of all records or has each of them from another of the `classes`.
    """

    def __init__(
        self,
        split: Split,
        batch: int,
        seed: int,
        views: Sequence[View],
        rank: int = 0,
        num_processes: int = 1,
        sampling: Sampling = "images",
    ) -> None:
        assert 0 <= rank < num_processes and seed >= 0
        assert len({view.name for view in views}) == len(views), "two views of one name"
        if batch < 1 or batch % num_processes:
            raise UserError(
                f"batch: {batch} images cannot be shared by {num_processes} processes; "
                f"use a multiple of {num_processes}"
            )
        if len(split) == 0:
            raise UserError(f"data: the {split.name} split has no images")
        self.split, self.batch, self.seed, self.views = split, batch, seed, list(views)
        share = batch // num_processes
        self._share = slice(rank * share, (rank + 1) * share)
        self._order = order_of(sampling, split, batch, seed)

    def at(self, images_seen: int) -> Batch:
        """This process's share of the batch that follows after `images_seen` images."""
        rows = self._order.rows(images_seen)
        drawn = self._drawn(rows, images_seen)
        mine = rows[self._share]
        batch = Batch(
            torch.from_numpy(mine),
            torch.from_numpy(self.split.labels[mine]),
            torch.from_numpy(self.split.attributes[mine]),
            {
                view.name: view.take({k: v[self._share] for k, v in drawn[view.name].items()})
                for view in self.views
            },
        )
        return batch.pin_memory() if torch.cuda.is_available() else batch

    def ready(self, batch: Batch, layout: torch.memory_format = torch.contiguous_format) -> Batch:
        """What a system is given, of a batch on its device. `layout`: of pictures."""
        made = {view.name: view.ready(batch.views[view.name], layout) for view in self.views}
        return dataclasses.replace(batch, views=made)

    def _drawn(self, rows: np.ndarray, images_seen: int) -> dict[str, Choice]:
        """What every view draws for the records of a global batch."""
        random: dict[int, np.random.Generator] = {}
        for stream in map(stream_of, self.views):
            if stream not in random:
                random[stream] = np.random.default_rng([self.seed, stream, images_seen])
        drawn: dict[str, Choice] = {}
        for view in self.views:
            drawn[view.name] = view.choose(rows, drawn, random[stream_of(view)])
        for view in self.views:
            drawn[view.name] |= view.pair(rows, drawn, random[stream_of(view)])
        return drawn

    def prefetch(self, start: int, stop: int | None = None) -> Iterator[Batch]:
        """Batches from `start` images seen until `stop`, made ahead by one thread.

        What fails in the thread is raised here; leaving the loop ends the thread.
        """
        ready: queue.Queue[Batch | BaseException | None] = queue.Queue(AHEAD)
        left = threading.Event()
        device = torch.cuda.current_device() if torch.cuda.is_available() else None

        def put(item: Batch | BaseException | None) -> None:
            while not left.is_set():
                with contextlib.suppress(queue.Full):
                    ready.put(item, timeout=0.1)
                    return

        def work() -> None:
            try:
                if device is not None:  # a thread starts on device 0, where pinning would open it
                    torch.cuda.set_device(device)
                images_seen = start
                while not left.is_set() and (stop is None or images_seen < stop):
                    put(self.at(images_seen))
                    images_seen += self.batch
                put(None)
            except BaseException as error:
                put(error)

        thread = threading.Thread(target=work, name="prefetch", daemon=True)
        thread.start()
        try:
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            left.set()
            with contextlib.suppress(queue.Empty):
                while True:
                    ready.get_nowait()
            thread.join()
