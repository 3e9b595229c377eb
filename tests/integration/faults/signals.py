"""Signals at random moments."""

from __future__ import annotations

import random
import signal
import time

from experiments.terminal.interrupt import AGAIN
from tests.integration.faults.bench import (
    COARSE,
    EVERY,
    FINE,
    PATIENCE,
    RECIPE,
    Bench,
    Case,
    any_moment,
    send,
)
from tests.integration.faults.outcome import Outcome


def any_case(bench: Bench, chance: random.Random) -> Case:
    """A quarter starts from nothing, a tenth as `python run.py` does, some log seldom."""
    settings = [*RECIPE, COARSE if chance.random() < 0.3 else FINE]
    fresh, real = chance.random() < 0.25, chance.random() < 0.1
    return bench.make(settings, fresh=fresh, real=real)


def sigkill(bench: Bench, chance: random.Random) -> Outcome:
    """The kernel kills it, or the power fails."""
    case = any_case(bench, chance)
    job = case.start()
    hit = any_moment(case, job, chance) and send(job, signal.SIGKILL)
    code = job.wait(PATIENCE)
    return bench.conclude(case, hit=hit and code == -signal.SIGKILL, codes=[-signal.SIGKILL, 0])


def sigterm(bench: Bench, chance: random.Random) -> Outcome:
    """It is asked to save and leave. Before it can save there is nothing to lose."""
    case = any_case(bench, chance)
    job = case.start()
    hit = any_moment(case, job, chance) and send(job, signal.SIGTERM)
    job.wait(PATIENCE)
    saved = "saved in " in job.text
    codes = [128 + signal.SIGTERM] if saved else [-signal.SIGTERM, 128 + signal.SIGTERM, 0]
    allowed = 0 if saved else EVERY
    return bench.conclude(case, hit=hit, codes=codes, allowed=allowed)


def sigint_twice(bench: Bench, chance: random.Random) -> Outcome:
    """Ctrl-C, and again because it does not leave at once."""
    case = any_case(bench, chance)
    job = case.start()
    hit = any_moment(case, job, chance) and send(job, signal.SIGINT)
    time.sleep(chance.uniform(0, 2 * AGAIN))
    hit = send(job, signal.SIGINT) and hit
    job.wait(PATIENCE)
    return bench.conclude(case, hit=hit, codes=[128 + signal.SIGINT, 0])


def stop_and_continue(bench: Bench, chance: random.Random) -> Outcome:
    """Ctrl-Z, or a machine that sleeps: it goes on as if nothing had been."""
    case = any_case(bench, chance)
    job = case.start()
    hit = any_moment(case, job, chance) and send(job, signal.SIGSTOP)
    time.sleep(chance.uniform(0.1, 0.6))
    send(job, signal.SIGCONT)
    job.wait(PATIENCE)
    return bench.conclude(case, hit=hit, codes=[0], continues=False)
