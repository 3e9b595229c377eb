"""The lock that keeps two processes out of one run folder."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.file.lock import awaited, held, holder
from experiments.terminal.error import UserError

LOCK = ".lock"


@contextmanager
def run_lock(folder: Path, wait: bool = False) -> Iterator[None]:
    """Hold the run folder. The lock ends with the process, see `file.lock`.

    Raises `UserError` where another process holds it; with `wait` it waits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    lock = held(path)
    if lock is None and not wait:
        raise UserError(
            f"{folder} is being trained by {holder(path)}; "
            "wait for it, stop it, or change a setting"
        )
    told = f"waiting for {folder}, which another process is training"
    with lock or awaited(lambda: held(path), told=told) as lock:
        lock.note(f"process {os.getpid()} on {platform.node()}")
        try:
            yield
        finally:
            lock.note("")
