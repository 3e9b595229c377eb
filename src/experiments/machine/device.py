"""What this machine has, and how jobs share it: GPUs, or places on its processor, by locked files.

The locks are the kernel's: they end with the process that holds them, however that ends.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from experiments.file.lock import Lock, awaited, held
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of


def gpus() -> list[str]:
    """The GPUs that this process may use, by what CUDA_VISIBLE_DEVICES or the driver calls them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1")]
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return []
    return found.stdout.split()


def locks() -> Path:
    """Where all jobs of this user on this machine look."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    return Path(tempfile.gettempdir()) / f"birdsong-slots-{user}"


@contextmanager
def claim(
    slots: list[str],
    count: int,
    stop: Callable[[], bool] = lambda: False,
    folder: Path | None = None,
) -> Iterator[list[str]]:
    """Hold `count` of the slots, waiting until so many are free; `Stopped` once `stop()`.

    Either all are held or none, so two jobs that each need several never wait for one another.
    """
    if count > len(slots):
        raise UserError(f"launch.num_processes={count}: there are {number_of(len(slots), 'GPU')}")
    folder = locks() if folder is None else folder
    folder.mkdir(mode=0o700, exist_ok=True, parents=True)
    told = f"waiting for {count} of {', '.join(slots)}, which other jobs hold"
    mine = awaited(lambda: _some(slots, count, folder), stop, told)
    with ExitStack() as stack:
        for file in mine.values():
            stack.enter_context(file)
        yield list(mine)


def _some(slots: list[str], count: int, folder: Path) -> dict[str, Lock] | None:
    """The locked files of `count` of the slots; None, and none is held, where fewer are free."""
    mine: dict[str, Lock] = {}
    for slot in slots:
        if len(mine) < count and (file := held(folder / f"{slot.replace('/', '-')}.lock")):
            mine[slot] = file
    if len(mine) == count:
        return mine
    for file in mine.values():
        file.close()
    return None


def alive(process: int) -> bool:
    """Whether a process with that number runs on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
