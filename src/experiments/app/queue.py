"""One queue for all that computes: one request at a time, in the order in which they came, and only
so many that wait.

All of it runs in one thread: PyTorch keeps threads of its own for every thread that calls it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import TypeVar

from experiments.app.refusal import Refused

T = TypeVar("T")


class Queue:
    """`waiting`: requests that wait at most; `patience`: seconds that one waits for its turn."""

    def __init__(self, waiting: int, patience: float) -> None:
        self.waiting, self.patience = waiting, patience
        self._worker = ThreadPoolExecutor(1, "app")
        self._room = threading.BoundedSemaphore(waiting + 1)  # and the one that runs

    def run(self, task: Callable[[], T]) -> T:
        """What `task` returns, once it is its turn. Raises `Refused` where too many wait, and where
        it waited longer than `patience`."""
        if not self._room.acquire(blocking=False):
            raise Refused(f"busy: {self.waiting} requests wait already; try again in a moment")
        try:
            begun = threading.Event()

            def performed() -> T:
                begun.set()
                return task()

            future = self._worker.submit(performed)
            return self._awaited(future, begun)
        finally:
            self._room.release()

    def _awaited(self, future: Future[T], begun: threading.Event) -> T:
        if not begun.wait(self.patience) and future.cancel():
            raise Refused(
                f"busy: it was not your turn within {self.patience:g} s (app.patience); try again "
                "in a moment"
            )
        try:
            return future.result()
        except Late:  # of something that the task itself waited for
            raise Refused("it took too long; try again") from None

    def close(self) -> None:
        """Nothing runs any more."""
        self._worker.shutdown(wait=True, cancel_futures=True)
