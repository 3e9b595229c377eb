"""How OpenMP threads wait for one another: spinning while the machine is quiet, asleep while others
compute on it.

PyTorch's OpenMP on Linux is GCC's. Its threads spin at the end of every operator until the last one
is there, which is fastest as long as each has a core. Where another process takes a core, the
thread that it stops is waited for by threads that burn their own share of time, and a run makes a
twentieth of its speed. Asleep they make two thirds of it, and little more than half of the full
speed on a quiet machine: so neither setting of OMP_WAIT_POLICY serves both.

The library asks at each wait whether there are more OpenMP threads than cores and, if so, sleeps
nearly at once (libgomp manual, GOMP_SPINCOUNT). So a second team of threads, which only sleeps,
switches the way of waiting while a run goes on. The team that computes stays as it is, and so do
the bits.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch

POLICIES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")  # what a user may have chosen, in the environment
TASKS = Path("/proc/self/task")
EVERY = 1.0  # s between two looks
# Seconds of each second that threads together waited for a core. Measured on two cores: 0.04 on a
# quiet machine; 0.3 beside a process that takes a third of a core, where spinning is still faster
# than sleeping; 0.7 to 1 beside one that takes a whole one, and 0.45 of that when asleep.
CROWDED, QUIET = 0.4, 0.3
MOST = 64  # threads that only sleep
PATIENCE, LONGEST = 3.0, 60.0  # s of quiet until threads spin again; doubled where it was too soon


class Switch:
    """Whether threads should sleep, from how long they waited for cores in each stretch of time."""

    def __init__(self) -> None:
        self.asleep, self.patience = False, PATIENCE
        self.quiet_for, self.awake_for = 0.0, math.inf

    def update(self, waited: float, seconds: float) -> bool:
        """Waited: seconds for cores, of all threads together, in the last `seconds`."""
        share = waited / seconds
        if not self.asleep:
            self.awake_for += seconds
            if share >= CROWDED:
                too_soon = self.awake_for < self.patience
                self.patience = min(2 * self.patience, LONGEST) if too_soon else PATIENCE
                self.asleep, self.quiet_for = True, 0.0
        else:
            self.quiet_for = self.quiet_for + seconds if share < QUIET else 0.0
            if self.quiet_for >= self.patience:
                self.asleep, self.awake_for = False, 0.0
        return self.asleep


class Crowd:
    """OpenMP threads that only sleep, so many that with those which compute there are more than
    cores; until `leave`."""

    def __init__(self, threads: int) -> None:
        """threads: of the team that computes."""
        library, nothing = openmp(), ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)
        assert library is not None
        count = Crowd.size(threads)
        self._left, ready = threading.Event(), threading.Event()

        def hold() -> None:
            library.GOMP_parallel(nothing, None, count, 0)  # each calls `free(NULL)`
            ready.set()
            self._left.wait()  # the library ends a team with the thread that called for it

        self._thread = threading.Thread(target=hold, name="crowd", daemon=True)
        self._thread.start()
        ready.wait()

    @staticmethod
    def size(threads: int) -> int:
        """Of one beside a team that computes, with the thread that holds it."""
        library = openmp()
        assert library is not None
        return int(max(2, library.omp_get_num_procs() - threads + 2))

    def leave(self) -> None:
        self._left.set()
        self._thread.join()


class Throttle:
    """Looks once a second whether threads wait for cores, and has them sleep meanwhile."""

    def __init__(self, every: float = EVERY) -> None:
        self.every, self.threads = every, 1
        self._slept, self._since = 0.0, 0.0
        self._crowd: Crowd | None = None
        self._left = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def asleep(self) -> bool:
        """Whether threads sleep now while they wait."""
        return self._crowd is not None

    def seconds(self) -> float:
        """For how long they did, in all."""
        return self._slept + (time.monotonic() - self._since if self.asleep else 0.0)

    def watch(self, threads: int) -> None:
        """From now on, a team of so many. One alone waits for nobody; and in a small container of a
        large machine there would be too many others: the library ends a process that may not have
        so many threads."""
        self.threads = threads
        if self._thread is None and threads > 1 and Crowd.size(threads) <= MOST:
            self._thread = threading.Thread(target=self._watch, name="throttle", daemon=True)
            self._thread.start()

    def leave(self) -> None:
        """Threads spin again, and nobody looks any more."""
        self._left.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        switch, before, at = Switch(), waits(), time.monotonic()
        with suppress(OSError, RuntimeError):  # no `/proc` any more, or no thread to be had
            while not self._left.wait(self.every):
                after, now = waits(), time.monotonic()
                waited = sum(after[task] - before[task] for task in after.keys() & before.keys())
                self._turn(switch.update(waited, now - at))
                before, at = after, now
        self._turn(False)

    def _turn(self, asleep: bool) -> None:
        if asleep and self._crowd is None:
            self._since, self._crowd = time.monotonic(), Crowd(self.threads)
        elif self._crowd is not None and not asleep:
            self._slept, crowd, self._crowd = self.seconds(), self._crowd, None
            crowd.leave()


@cache
def throttle() -> Throttle | None:
    """That of this process; None where the way of waiting cannot be switched, or a user chose one
    in the environment."""
    return Throttle() if possible(os.environ) else None


def possible(environ: Mapping[str, str]) -> bool:
    """Whether the way of waiting is ours to switch."""
    chosen = any(environ.get(name) for name in POLICIES)
    return not chosen and (TASKS.parent / "schedstat").exists() and openmp() is not None


def waits(tasks: Path = TASKS) -> dict[str, float]:
    """Seconds that each thread of this process was ready to run and had no core, so far."""
    found = {}
    for task in tasks.iterdir():
        with suppress(OSError, IndexError):  # a thread that ended
            found[task.name] = int((task / "schedstat").read_text().split()[1]) / 1e9
    return found


@cache
def openmp() -> ctypes.CDLL | None:
    """The library that PyTorch computes with, where it is GCC's; LLVM's has other ways."""
    path = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(str(path))
        start, count = library.GOMP_parallel, library.omp_get_num_procs
        start.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        start.restype, count.argtypes = None, []
        return None if hasattr(library, "__kmpc_fork_call") else library
    return None
