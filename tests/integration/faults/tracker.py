"""Trackers that raise, hang or vanish: they cost a line, and nothing of the run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from contextlib import suppress
from importlib.util import find_spec

from tests.integration.faults.bench import PATIENCE, Bench, Case, wait_until
from tests.integration.faults.outcome import Outcome, Unavailable

# Waits for a service that says nothing are cut short.
SHORT = "import experiments.tracker.tracker; experiments.tracker.tracker.FINISH_TIMEOUT = 0.5\n"
RAISES = """
from accelerate.tracking import {kind}
original, calls = {kind}.log, [{calls}]
def log(self, *arguments, **settings):
    calls[0] -= 1
    if calls[0] < 0:
        raise ConnectionResetError("the other side has gone")
    original(self, *arguments, **settings)
{kind}.log = log
"""
KINDS = {"wandb": "WandBTracker", "trackio": "TrackioTracker", "tensorboard": "TensorBoardTracker"}


def raises(bench: Bench, chance: random.Random) -> Outcome:
    """Any of the services fails in any of its calls."""
    backend = chance.choice([name for name in KINDS if find_spec(name)] or ["none"])
    case = tracked(bench, backend)
    job = case.start(before=RAISES.format(kind=KINDS[backend], calls=chance.randrange(12)))
    job.wait(PATIENCE)
    says = [f"tracker {backend} could not ", "is off for the rest of this run"]
    return bench.conclude(case, codes=[0], says=says, continues=False)


def hangs(bench: Bench, chance: random.Random) -> Outcome:
    """The service of W&B stands still from some moment on."""
    case = tracked(bench, "wandb")
    job = case.start(before=SHORT)
    services = service(case, chance)
    for pid in services:
        os.kill(pid, signal.SIGSTOP)
    job.wait(PATIENCE)
    for pid in services:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    says = ["tracker wandb could not "] if services else []
    return bench.conclude(case, hit=bool(services), codes=[0], says=says, continues=False)


def vanishes(bench: Bench, chance: random.Random) -> Outcome:
    """The service of W&B is killed, and what it wrote is removed."""
    case = tracked(bench, "wandb")
    job = case.start(before=SHORT)
    services = service(case, chance)
    for pid in services:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if services and case.run:
        shutil.rmtree(case.run / "wandb", ignore_errors=True)
    job.wait(PATIENCE)
    says = ["tracker wandb could not "] if services else []
    return bench.conclude(case, hit=bool(services), codes=[0], says=says, continues=False)


def tracked(bench: Bench, backend: str) -> Case:
    """A case with a tracker, which takes no part in what the run is."""
    if not find_spec(backend):
        raise Unavailable(f"{backend} is not installed")
    case = bench.make()
    case.extra.append(f"tracker={backend}")
    case.env["HF_HUB_OFFLINE"] = "1"
    return case


def service(case: Case, chance: random.Random) -> list[int]:
    """The processes of W&B's service, at a random moment of the training; none where it is over."""
    job = case.jobs[-1]

    def trains() -> bool:
        return any(case.outputs.glob("attngan*/*/stats.jsonl"))

    if not wait_until(job, trains):
        return []
    time.sleep(chance.uniform(0, 1))
    return [] if job.code.exists() else case.processes("wandb-core")
