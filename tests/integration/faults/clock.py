"""A clock that jumps, by libfaketime."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests.integration.faults.bench import PATIENCE, Bench, any_moment
from tests.integration.faults.outcome import Outcome, Unavailable


def jumps(bench: Bench, chance: random.Random) -> Outcome:
    """Days forward, and further back; the run notices nothing."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        raise Unavailable("libfaketime is missing (Debian's package faketime)")
    case = bench.make(real=True)
    clock = case.folder / "clock"
    clock.write_text("+0\n")
    env = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # which no clock sets
    }
    job = case.start(env=env)
    hit = any_moment(case, job, chance)
    clock.write_text(f"+{chance.randint(1, 400)}d\n")
    time.sleep(chance.uniform(0.2, 1))
    clock.write_text(f"-{chance.randint(1, 400)}d\n")
    job.wait(PATIENCE)
    return bench.conclude(case, hit=hit, codes=[0], continues=False)
