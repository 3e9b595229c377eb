"""A lock on a file, held by one process at a time; the kernel ends it with the process.

Where a file system has no locks, as NFS without lockd or Lustre without `flock`, a file beside it
says who holds it: one that a dead process of this machine left is taken over, one of another
machine has to be deleted by hand.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from experiments.terminal.error import reason_of
from experiments.terminal.interrupt import Stopped
from experiments.terminal.line import say

if TYPE_CHECKING:
    from filelock import BaseFileLock

PAUSE = 0.2  # s between two looks
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
T = TypeVar("T")


class Lock(contextlib.AbstractContextManager["Lock"]):
    """A file that this process holds until it closes it, or ends."""

    def __init__(self, file: TextIO, marker: BaseFileLock | None = None) -> None:
        self.file, self.marker = file, marker

    def note(self, text: str) -> None:
        """The content of the file: what others read of who holds it."""
        self.file.truncate(0)
        self.file.write(text)
        self.file.flush()

    def close(self) -> None:
        """Let it go; again does nothing."""
        self.file.close()
        if self.marker is not None:
            self.marker.release()

    def __exit__(self, *raised: object) -> None:
        self.close()


def held(path: Path) -> Lock | None:
    """The file, locked until it is closed; None where another process has it."""
    from filelock import lock_descriptor  # takes a tenth of a second

    file = path.open("a", encoding="utf-8")
    try:
        if lock_descriptor(file.fileno(), blocking=False):
            return Lock(file)
    except OSError as error:
        if error.errno in NO_LOCKS:
            _tell(reason_of(error))
            return _marked(path, file)
        file.close()
        raise
    file.close()
    return None


def holder(path: Path) -> str:
    """Who holds a lock, as `Lock.note` said, and what to do where that process is no more."""
    try:
        who = path.read_text(encoding="utf-8").strip()
    except OSError:  # Windows lets nobody read it
        who = ""
    marker = _marker(path)
    left = f" (if it is gone, delete {marker})" if marker.exists() else ""
    return f"{who or 'another process'}{left}"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file; wait while another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = held(path)
    if lock is None:
        say(f"waiting for {holder(path)} that is writing {path.parent}")
        while lock is None:
            _pause(path)
            lock = held(path)
    with lock:
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


def _pause(path: Path) -> None:
    """Until the lock may be free: the kernel wakes those that wait for it in their turn, where it
    can, and who only looks now and then would be passed by."""
    try:
        import fcntl

        with path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
    except (ImportError, OSError):
        time.sleep(PAUSE)


def _marked(path: Path, file: TextIO) -> Lock | None:
    """The same by a file that only its holder could make."""
    from filelock import SoftFileLock, Timeout

    marker = SoftFileLock(_marker(path), timeout=0, thread_local=False)
    try:
        marker.acquire()
    except Timeout:
        file.close()
        return None
    except BaseException:
        file.close()
        raise
    return Lock(file, marker)


def _marker(path: Path) -> Path:
    return path.with_name(f"{path.name}.held")


@cache
def _tell(reason: str) -> None:
    """Once a process."""
    say(
        f"no file locks here ({reason}): files named *.held keep processes apart instead; one that "
        "a machine left which failed is to be deleted by hand"
    )
