"""Work beside a window: it is done in one thread, in its order, and Tk asks what came of it."""

from __future__ import annotations

import queue
import threading
import tkinter as tk
from collections.abc import Callable
from functools import partial
from typing import Any

from experiments.terminal.error import UserError, one_line
from experiments.terminal.line import say

LOOK = 40  # ms between two looks


class Work:
    """`failed`: is told, in the thread of Tk, in a line why something was not done. `changed`: that
    work has begun or ended."""

    def __init__(
        self, root: tk.Tk, failed: Callable[[str], None], changed: Callable[[], None]
    ) -> None:
        self._root, self._failed, self._changed = root, failed, changed
        self._asked: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]] | None]
        self._asked, self._done = queue.SimpleQueue(), queue.SimpleQueue[Callable[[], None]]()
        self._open = 0
        self._thread = threading.Thread(target=self._work, name="window", daemon=True)
        self._thread.start()
        self._look()

    @property
    def busy(self) -> bool:
        return self._open > 0

    def do(self, task: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do `task` beside the window; `then` gets what it gives, in the thread of Tk."""
        self._open += 1
        self._asked.put((task, then))
        self._changed()

    def close(self) -> None:
        """After what runs; it does not wait for it."""
        self._asked.put(None)

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            self._done.put(self._tried(*asked))

    def _tried(self, task: Callable[[], Any], then: Callable[[Any], None]) -> Callable[[], None]:
        """What is to be done of it in the thread of Tk."""
        try:
            return partial(then, task())
        except UserError as error:
            return partial(self._failed, str(error))
        except Exception as error:  # a fault of ours: the window stays
            say(one_line(error))
            return partial(self._failed, one_line(error))

    def _look(self) -> None:
        self._root.after(LOOK, self._look)  # first: it goes on whatever comes of what is done
        while not self._done.empty():
            self._open -= 1
            try:
                self._done.get()()
            finally:
                self._changed()
