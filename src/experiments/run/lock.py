"""The lock that keeps two processes out of one run folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Stopped
from experiments.terminal.line import say


@contextmanager
def run_lock(
    folder: Path, wait: bool = False, stop: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Hold the run folder. The lock is the kernel's: it ends with the process, however that ends.

    Raises `UserError` where another process holds it; with `wait` it waits, until `stop()`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as file:
        told = False
        while not _locked(file):
            if not wait:
                file.seek(0)
                raise UserError(
                    f"{folder} is being trained by {file.read().strip() or 'another process'}; "
                    "wait for it, stop it, or change a setting"
                )
            if not told:
                say(f"waiting for {folder}, which another process is training")
                told = True
            if stop():
                raise Stopped
            time.sleep(0.2)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
