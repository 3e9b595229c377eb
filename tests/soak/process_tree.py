"""What a process and its children hold: memory, open files, threads, disk. Linux: from /proc."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

MIB = 2**20
# Memory that a process asked for, its share of what it has in common with others included. Pages
# of files are not counted: the store of pictures is mapped, and the kernel takes those back.
OWN = re.compile(r"^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+) kB", re.M)


@dataclass(frozen=True)
class Sample:
    """One moment. `disk`: bytes by kind of file."""

    seconds: float
    memory: float  # MiB
    handles: int
    threads: int
    processes: int
    checkpoints: int = 0  # files
    disk: dict[str, int] = field(default_factory=dict)


def watch(
    pid: int,
    running: Callable[[], bool],
    folder: Path | None = None,
    children: bool = True,
    every: float = 1.0,
) -> Iterator[Sample]:
    """Samples of a process while `running()`, as `look` takes them."""
    began = time.monotonic()
    for number in range(10**9):
        time.sleep(max(0.0, began + number * every - time.monotonic()))
        if not running():
            return
        found = look(pid, time.monotonic() - began, folder, children)
        if found is not None:
            yield found


def look(
    pid: int, seconds: float = 0.0, folder: Path | None = None, children: bool = True
) -> Sample | None:
    """A process and, unless told not, all below it now; None where it is gone.

    folder: that of its run, whose files are counted and measured.
    """
    memory, handles, threads, alive = 0.0, 0, 0, 0
    for one in tree(pid) if children else [pid]:
        with suppress(OSError):
            held = _memory(one)
            here = len(list(Path(f"/proc/{one}/fd").iterdir()))
            several = len(list(Path(f"/proc/{one}/task").iterdir()))
            memory, handles, threads = memory + held, handles + here, threads + several
            alive += 1
    if not alive:
        return None
    disk = usage(folder) if folder else {}
    kept = len(list((folder / "checkpoints").glob("*"))) if folder else 0
    return Sample(seconds, memory, handles, threads, alive, kept, disk)


def tree(pid: int) -> list[int]:
    """A process and its descendants, itself first."""
    found, at = [pid], 0
    while at < len(found):
        for task in Path(f"/proc/{found[at]}/task").glob("*"):
            with suppress(OSError):
                found += [int(child) for child in (task / "children").read_text().split()]
        at += 1
    return found


def usage(folder: Path) -> dict[str, int]:
    """Bytes below a run folder by what stands first in the path; files that vanish are passed."""
    found: dict[str, int] = {}
    for place, _, names in os.walk(folder):
        first = Path(place).relative_to(folder).parts[:1]
        for name in names:
            kind = first[0] if first else name if name == "stats.jsonl" else "other"
            with suppress(OSError):
                found[kind] = found.get(kind, 0) + os.lstat(Path(place) / name).st_size
    return found


def _memory(pid: int) -> float:
    """MiB. Kernels before 5.14 do not tell the kinds of memory apart: there all that is private."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = (
        OWN.findall(text) if "Pss_Anon" in text else re.findall(r"Private_\w+:\s+(\d+) kB", text)
    )
    return sum(map(int, found)) / 1024
