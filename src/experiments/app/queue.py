"""One queue for all that computes: one request at a time, in the order in which they came, and only
so many that wait.

All of it runs in one thread: PyTorch keeps threads of its own for every thread that calls it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TypeVar

from experiments.app.refusal import Refused

T = TypeVar("T")


class Busy(Refused):
    """Too many wait, or one waited for too long; the same may be asked again."""


class Queue:
    """`waiting`: requests that wait at most; `patience`: seconds that one waits for its turn."""

    def __init__(self, waiting: int, patience: float) -> None:
        self.waiting, self.patience = waiting, patience
        self._worker = ThreadPoolExecutor(1, "app")
        self._lock, self._there = threading.Lock(), 0  # those that wait, and the one that runs

    @property
    def length(self) -> int:
        """Requests that wait."""
        return max(0, self._there - 1)

    def run(self, task: Callable[[], T]) -> T:
        """What `task` returns, once it is its turn. Raises `Busy` where too many wait, and where
        it waited longer than `patience`."""
        begun = threading.Event()

        def performed() -> T:
            begun.set()
            return task()

        with self._lock:
            if self._there > self.waiting:
                told = f"busy: {self.waiting} requests wait already; try again in a moment"
                raise Busy(told)
            try:
                future = self._worker.submit(performed)
            except RuntimeError:  # `close` was called
                raise Refused("this page is closing") from None
            self._there += 1
        future.add_done_callback(lambda _: begun.set())  # `close` cancels those that wait
        try:
            if not begun.wait(self.patience) and future.cancel():
                raise Busy(
                    f"busy: it was not your turn within {self.patience:g} s (app.patience); try "
                    "again in a moment"
                )
            return future.result()
        except CancelledError:
            raise Refused("this page is closing") from None
        finally:
            with self._lock:
                self._there -= 1

    def close(self) -> None:
        """Nothing runs any more."""
        self._worker.shutdown(wait=True, cancel_futures=True)
