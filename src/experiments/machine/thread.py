"""How many threads a process computes with: as the cores that are free when a run begins, and the
same whenever it goes on, since another number sums in another order and rounds otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.machine.cluster import has_its_own
from experiments.machine.core import cores, free
from experiments.machine.launcher import number_in
from experiments.terminal.line import number_of

SHARED = "BIRDSONG_THREADS"  # in the environment of a job: threads of each process, and why
OPENMP = "OMP_NUM_THREADS"
STARTERS = ("RANK", "ACCELERATE_MIXED_PRECISION")  # of torchrun, srun, accelerate launch


@dataclass(frozen=True)
class Threads:
    """A number, and where it is from."""

    count: int
    why: str

    def __str__(self) -> str:
        return f"{self.count} thread{'s' if self.count > 1 else ''} ({self.why})"

    def use(self) -> None:
        """Compute with so many from here on."""
        import torch

        from experiments.machine.throttle import throttle

        torch.set_num_threads(self.count)
        if (found := throttle()) is not None:
            found.watch(self.count)


def choose(
    given: int | None, recorded: int | None = None, environ: Mapping[str, str] = os.environ
) -> Threads:
    """Threads of this process, or of each that it is about to start for a run.

    given: `launch.threads`. recorded: those that the run has computed with so far.
    """
    if given is not None:
        return Threads(given, "launch.threads")
    if recorded is not None:
        return Threads(recorded, "as it began")
    if shared := environ.get(SHARED):
        count, _, why = shared.partition(" ")
        return Threads(int(count), why)
    if (asked := asked_of_openmp(environ)) is not None:
        return Threads(asked, OPENMP)
    here, told = processes_here(environ), number_of(cores(), "core")
    if here > 1:  # they all begin at once: what is used now is their own
        sharing = 1 if has_its_own(environ, "cpus", cores()) else here
        return Threads(max(1, cores() // sharing), f"{told}, {here} processes")
    left = free()
    return Threads(max(1, left), f"{left} of {told} free")


def shared_out(
    given: int | None, processes: int, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """What the environment says to several processes of a run that start on this machine now; those
    of a study are told what it has shared out."""
    if given is not None or SHARED in environ:
        return {}
    if (asked := asked_of_openmp(environ)) is not None:
        return {SHARED: f"{asked} {OPENMP}"}
    left = free()
    threads = max(1, left // processes)
    several = f", {processes} processes" if processes > 1 else ""
    return {SHARED: f"{threads} {left} of {number_of(cores(), 'core')} free{several}"}


def asked_of_openmp(environ: Mapping[str, str] = os.environ) -> int | None:
    """What a user says in OMP_NUM_THREADS, which counts for PyTorch as well. torchrun and
    `accelerate launch` put a 1 there where nobody has said anything."""
    text = environ.get(OPENMP, "").split(",")[0].strip()
    if not text.isdigit() or text == "0":
        return None
    return None if text == "1" and any(name in environ for name in STARTERS) else int(text)


def recorded(about: Mapping[str, Any], processes: int) -> int | None:
    """Threads of a run so far, by its `run.json`; None where it had other processes, whose sums are
    others in any case."""
    machine = about.get("machine") or {}
    return machine.get("threads") if machine.get("processes") == processes else None


def processes_here(environ: Mapping[str, str] = os.environ) -> int:
    """Those of the run that are on this machine, of which there may be several."""
    return number_in(environ, "LOCAL_WORLD_SIZE") or number_in(environ, "WORLD_SIZE", 1)
