"""Checkpoints that are not what was written: cut off, or with one bit the other way."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from experiments.run.folder import by_images
from tests.integration.faults import evidence
from tests.integration.faults.bench import (
    EVERY,
    IMAGES,
    PATIENCE,
    Bench,
    Case,
    one_error,
    send,
    wait_until,
)
from tests.integration.faults.outcome import Outcome


def truncate(path: Path, chance: random.Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def flip(path: Path, chance: random.Random) -> None:
    """One bit, in the header as often as in the tensors."""
    content = bytearray(path.read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    place = chance.randrange(chance.choice([header, len(content)]))
    content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def newest_damaged(harm: Callable[[Path, random.Random], None]) -> Callable[..., Outcome]:
    """The checkpoint before is taken: no more is lost than the interval and what came after it."""

    def act(bench: Bench, chance: random.Random) -> Outcome:
        case, run = interrupted(bench, chance)
        newest = by_images(run, "checkpoints")[0]
        harm(newest, chance)
        broken = [newest] if newest in evidence.damaged(run) else []
        outcome = bench.conclude(case, broken=broken, allowed=2 * EVERY if broken else EVERY)
        said = case.jobs[-1].text
        if broken and f"{newest}: is damaged" not in said:
            outcome.problems.append(f"nothing was said of the damage: {case.jobs[-1].log}")
        return outcome

    return act


def all_damaged(bench: Bench, chance: random.Random) -> Outcome:
    """Nothing is left to go on from: it says so, and the remedy that it names is one."""
    case, run = interrupted(bench, chance)
    seen = evidence.reached(run)
    for path in by_images(run, "checkpoints"):
        truncate(path, chance)
    job = case.start()
    job.wait(PATIENCE)
    problems = one_error(job, "no checkpoint is whole; move the folder away to start again")
    shutil.rmtree(run)
    return bench.conclude(case, problems=problems, lost=seen, allowed=IMAGES)


def interrupted(bench: Bench, chance: random.Random) -> tuple[Case, Path]:
    """A run that was killed with two checkpoints at least, and its folder."""
    case = bench.make()
    job = case.start()
    images = chance.choice([24, 36])
    name = f"attngan*/*/checkpoints/images-{images:010d}.safetensors"
    wait_until(job, lambda: any(case.outputs.glob(name)))
    send(job, signal.SIGKILL)
    job.wait(PATIENCE)
    assert case.run
    return case, case.run
