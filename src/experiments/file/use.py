"""Who uses a folder that may be removed: each process holds a lock beside it as long as it lives.

    .<folder>.use-<machine>-<process>

When a process ends, however that ends, its lock is free, and whoever looks next removes the file.
The time of the folder is when it was used last.
"""

from __future__ import annotations

import contextlib
import glob
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from experiments.file.lock import Lock, held

TRIES, PAUSE = 100, 0.02  # s between two: who looks whether a mark is held holds it for a moment
_marks: dict[Path, Lock] = {}  # held until this process ends


def use(folder: Path) -> None:
    """From now on, until it ends, this process uses the folder."""
    with contextlib.suppress(OSError):  # a cache that others own: only they remove anything
        os.utime(folder)
    mark = folder.with_name(f".{folder.name}.use-{platform.node()}-{os.getpid()}")
    if mark not in _marks:
        with contextlib.suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            _mark(mark)


def _mark(mark: Path) -> None:
    """Hold the file that lies there: who looked may have removed the one that was opened."""
    for _ in range(TRIES):
        lock = held(mark)
        if lock is not None:
            if mark.exists() and os.path.samestat(os.fstat(lock.file.fileno()), mark.stat()):
                _marks[mark] = lock
                return
            lock.close()
        time.sleep(PAUSE)


def in_use(folder: Path) -> bool:
    """Whether a process uses it. Raises `OSError` where nobody can look."""
    found = False
    for mark in _marks_of(folder):
        file = held(mark)
        if file is None:
            found = True
            continue
        mark.unlink(missing_ok=True)  # of a process that has ended
        file.close()
    return found


def free(lock: Path) -> bool:
    """Whether nobody holds a lock, of those that are there."""
    if not lock.exists():
        return True
    file = held(lock)
    if file is not None:
        file.close()
    return file is not None


def _marks_of(folder: Path) -> Iterator[Path]:
    yield from folder.parent.glob(f".{glob.escape(folder.name)}.use-*")
