"""One of two processes of a run dies: the other must not wait for it for ever."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

from tests.integration.faults.bench import (
    FINE,
    PATIENCE,
    RECIPE,
    Bench,
    Case,
    any_moment,
    one_error,
    wait_until,
)
from tests.integration.faults.outcome import Outcome

TWO = "launch.num_processes=2"


def death_of_a_rank(bench: Bench, chance: random.Random) -> Outcome:
    """Nobody watches over the ranks, as torchrun does; so it is once they have found each other."""
    case = bench.make([*RECIPE, FINE], ranks=2)
    job = case.start()
    hit = wait_until(job, lambda: case.run is not None) and any_moment(case, job, chance)
    ranks = [pid for pid in case.processes() if pid != job.pid]
    hit = hit and len(ranks) == 2 and _kill(chance.choice(ranks))
    ended_well = job.wait(PATIENCE) == 0  # the other one had nothing more to ask of it
    lost = hit and not ended_well
    problems = one_error(job, "another process of this run ended") if lost else []
    return bench.conclude(case, hit=hit, problems=problems)


def death_under_the_launcher(bench: Bench, chance: random.Random) -> Outcome:
    """Started by `launch.num_processes=2`."""
    case = bench.make([*RECIPE, FINE, TWO])
    job = case.start()
    hit = any_moment(case, job, chance)
    ranks = ranks_of(case)
    hit = hit and len(ranks) == 2 and _kill(chance.choice(ranks))
    job.wait(PATIENCE)
    says = ("a process ended with SIGKILL", "goes on from the last checkpoint")
    problems = one_error(job, *says) if hit else []
    return bench.conclude(case, hit=hit, problems=problems)


def ranks_of(case: Case) -> list[int]:
    """The ranks that a launcher started, by their environment."""
    found = []
    for pid in case.processes("experiments.launch.worker"):
        with suppress(OSError):
            if b"\0LOCAL_RANK=" in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
