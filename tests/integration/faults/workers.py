"""What prepares pictures and batches fails."""

from __future__ import annotations

import os
import random
import signal
import time

from tests.integration.faults.bench import IMAGES, PATIENCE, Bench, one_error, wait_until
from tests.integration.faults.outcome import Outcome

# Pictures are few: the pool is to start at once, and to draw slowly enough to be met.
POOL = """
import experiments.data.store.fill as fill
fill.PATIENCE, fill._cores = 0.0, lambda: 2
"""
# An error of the disk at one batch, in the thread that makes them ahead.
UNREADABLE = """
import errno
from experiments.data.batches import Batches
original = Batches.at
def at(self, images_seen):
    if self.split.name == "train" and images_seen == {images}:
        raise OSError(errno.EIO, "Input/output error")
    return original(self, images_seen)
Batches.at = at
"""


def store_worker(bench: Bench, chance: random.Random) -> Outcome:
    """A process that draws pictures for the store is killed, as for want of memory."""
    case = bench.make(fresh=True)
    job = case.start(before=POOL)

    def workers() -> list[int]:
        return case.processes("multiprocessing.spawn")

    hit = wait_until(job, lambda: bool(workers()))
    time.sleep(chance.uniform(0, 0.3))
    found = workers() if hit else []
    for pid in found[:1]:
        os.kill(pid, signal.SIGKILL)
    code = job.wait(PATIENCE)
    says = ("a process that prepares the data died",)
    problems = one_error(job, *says) if code else []
    return bench.conclude(case, hit=code != 0, codes=[0, 2], problems=problems)


def prefetch(bench: Bench, chance: random.Random) -> Outcome:
    """The disk fails while a batch is read."""
    case = bench.make()
    job = case.start(before=UNREADABLE.format(images=4 * chance.randrange(IMAGES // 4)))
    job.wait(PATIENCE)
    problems = one_error(job, "Input/output error; ")
    return bench.conclude(case, codes=[2], problems=problems)
