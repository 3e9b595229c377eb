"""The same command is given several times at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.integration.faults.bench import PATIENCE, Bench, one_error
from tests.integration.faults.outcome import Outcome


def starts(count: int) -> Callable[[Bench, random.Random], Outcome]:
    """One of them trains; the others wait for what it builds on, and are told who holds the run."""

    def act(bench: Bench, chance: random.Random) -> Outcome:
        case = bench.make(fresh=chance.random() < 0.5)
        jobs = []
        for _ in range(count):
            jobs.append(case.start())
            time.sleep(chance.choice([0, chance.uniform(0, 1)]))
        codes = [job.wait(PATIENCE) for job in jobs]
        problems = [] if 0 in codes else [f"none of them came to an end: {codes}"]
        for job, code in zip(jobs, codes, strict=True):
            if code:
                problems += one_error(job, "is being trained by ")
        return bench.conclude(case, codes=[0, 2], problems=problems)

    return act
