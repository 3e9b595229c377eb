"""The lock that keeps two processes out of one run folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.file.lock import awaited, held
from experiments.terminal.error import UserError

LOCK = ".lock"


@contextmanager
def run_lock(
    folder: Path, wait: bool = False, stop: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Hold the run folder. The lock is the kernel's: it ends with the process, however that ends.

    Raises `UserError` where another process holds it; with `wait` it waits, until `stop()`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    file = held(path)
    if file is None and not wait:
        raise UserError(
            f"{folder} is being trained by {path.read_text().strip() or 'another process'}; "
            "wait for it, stop it, or change a setting"
        )
    told = f"waiting for {folder}, which another process is training"
    with file or awaited(lambda: held(path), stop, told) as file:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
