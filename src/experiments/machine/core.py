"""Cores: those that this process may use, and those of them that others leave free."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
MOMENT, LOOKS = 0.2, 3  # s; the kernel counts in hundredths
RECENT = 30.0  # s after which a look is too old to say what others do now


@dataclass(frozen=True)
class Look:
    """Seconds at a moment: `busy` of the cores that this process may use, `own` of the process and
    of those that it has waited for, and `at` on the clock; `of` is its number."""

    at: float
    busy: float
    own: float
    of: int


def cores(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """How many this process may use, which in a container or a job are not all: its affinity, and
    whole cores' worth of what control groups grant."""
    return max(1, int(min(len(_affinity()), granted(proc, groups))))


def granted(proc: Path = PROC, groups: Path = GROUPS) -> float:
    """Cores' worth of time that the control groups of this process grant, of both versions, those
    around them included; infinity where nothing is said, or it is not Linux."""
    least = math.inf
    with suppress(OSError):
        for line in (proc / "self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            # In a container the path is often that of the machine outside: the mount is the group.
            inner = [part for part in path.split("/") if part not in ("", "..")]
            for mount in (controllers or "unified", "cpu", ""):
                for depth in range(len(inner) + 1):
                    least = min(least, _limit(groups.joinpath(mount, *inner[:depth])))
    return least


def look(proc: Path = PROC) -> Look:
    """What was used until now. Where the system does not tell, what is `busy` is this process."""
    times = os.times()
    own = time.process_time() + times.children_user + times.children_system
    # Another system's `/proc` has other columns; Windows has no `os.sysconf`.
    with suppress(OSError, ValueError, AttributeError):
        return Look(time.monotonic(), sum(_busy(proc / "stat")), own, os.getpid())
    return Look(time.monotonic(), own, own, os.getpid())


@cache
def first_look() -> Look:
    """What was used when a command began; the sooner it asks, the sooner `free` knows."""
    return look()


def others(before: Look, after: Look) -> float:
    """How many cores other processes kept busy between two looks."""
    used = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, used / max(after.at - before.at, 1e-9))


def free(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """Cores that others left since the first look, where that is recent, else in a moment from now:
    a core that is used for less than half is free.

    Something short, such as a tracker that ends, must not cost a run a core for good: where a core
    is taken, the next moments are looked at too.
    """
    since, there, left = first_look(), cores(proc, groups), 0
    if since.of != os.getpid() or time.monotonic() - since.at > RECENT:
        since = look(proc)
    for _ in range(LOOKS):
        time.sleep(max(0.0, since.at + MOMENT - time.monotonic()))
        now = look(proc)
        left = max(left, math.floor(len(_affinity()) - others(since, now) + 0.5))
        if left >= there:
            return there
        since = now
    return left


def _affinity() -> set[int]:
    """The numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _busy(stat: Path) -> Iterator[float]:
    """Seconds of each core of this process (`man proc_stat`: user, nice, system, idle, iowait, irq,
    softirq, steal, and guests, who are users already)."""
    mine, tick = _affinity(), os.sysconf("SC_CLK_TCK")
    for line in stat.read_text().splitlines():
        name, *counts = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in mine:
            user, nice, system, _, _, irq, softirq = map(int, counts[:7])
            yield (user + nice + system + irq + softirq) / tick


def _limit(group: Path) -> float:
    """Cores' worth of one group."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = (group / "cpu.max").read_text().split()
        return math.inf if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError, ZeroDivisionError):
        allowed = int((group / "cpu.cfs_quota_us").read_text())
        length = int((group / "cpu.cfs_period_us").read_text())
        return math.inf if allowed < 0 else allowed / length
    return math.inf
