"""A lock on a file, held by one process at a time; the kernel ends it with the process."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO, TypeVar

from experiments.terminal.interrupt import Stopped
from experiments.terminal.line import say

PAUSE = 0.2  # s between two looks
T = TypeVar("T")


def held(path: Path) -> TextIO | None:
    """The file, locked until it is closed; None where another process has it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file; wait while another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that is writing {path.parent}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def awaited(
    attempt: Callable[[], T | None], stop: Callable[[], bool] = lambda: False, told: str = ""
) -> T:
    """What `attempt` gives, tried until it gives something; `told` is said once where that takes
    time. Raises `Stopped` once `stop()`."""
    found = attempt()
    if found is None:
        say(told)
    while found is None:
        if stop():
            raise Stopped
        time.sleep(PAUSE)
        found = attempt()
    return found
