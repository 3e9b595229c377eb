"""`python -m tests.integration.faults`: disturb real runs many times, and write what came of it.

Prints a line for each case that is not as promised, with the command that repeats it alone. What
came of a kind is kept in build/faults: the same command goes on where it was stopped, and kinds can
be done side by side or one by one; remove that folder when the code has changed. When
all are there and went well, the section "faults" of docs/reliability.md is written, also by
`--only` with a kind and `--times 0`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import torch

from experiments.file.whole import write_json
from tests.integration.faults.bench import Bench
from tests.integration.faults.kinds import FAULTS, KILL
from tests.integration.faults.outcome import Outcome, Tally, Unavailable, faults_table
from tests.reliability_page import write_section

KEPT = Path(__file__).parents[3] / "build" / "faults"
TRIES = 5  # seeds for a fault that is to meet a run; one may come when the run has ended


def main(arguments: list[str]) -> int:
    """Returns the exit code: 1 where a promise was broken."""
    options = parse(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    names = options.only or list(FAULTS)
    command = f"python -m tests.integration.faults --seed {seed}"
    tell(command)
    tallies = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = Bench(Path(folder))
        try:
            for name in names:
                times = options.kills if name == KILL else FAULTS[name].times
                times = times if options.times is None else options.times
                if not times:
                    continue
                try:
                    tally = repeat(bench, name, times, seed)
                except Unavailable as why:
                    tally = Tally(FAULTS[name].title, seed=seed, unavailable=str(why))
                    tell(f"{name} cannot be made here: {why}")
                    keep(name, tally)
                tallies.append(tally)
        finally:
            bench.close()
    tell(faults_table(tallies))
    if any(tally.failed for tally in tallies):
        tell("docs/reliability.md is as it was: not everything went well")
        return 1
    missing = [name for name in FAULTS if not (KEPT / f"{name}.json").is_file()]
    if missing:
        tell(f"docs/reliability.md is as it was: not done yet: {', '.join(missing)}")
        return 0
    kept = [Tally.of(json.loads((KEPT / f"{name}.json").read_text())) for name in FAULTS]
    if any(tally.failed for tally in kept):
        tell(f"docs/reliability.md is as it was: {KEPT} has kinds that did not go well")
        return 1
    write_section("faults", section(kept, seed))
    tell("written into docs/reliability.md")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.integration.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=FAULTS[KILL].times, help="random SIGKILLs")
    parser.add_argument("--seed", type=int, help="of the first case; the next has the next one")
    parser.add_argument("--only", nargs="+", choices=FAULTS, metavar="KIND", help=", ".join(FAULTS))
    parser.add_argument("--times", type=int, help="of each kind, instead of its own number")
    return parser.parse_args(arguments)


def repeat(bench: Bench, name: str, times: int, seed: int) -> Tally:
    """One fault, as often as wanted; goes on after the cases that were done with the same seed.

    Raises `Unavailable`.
    """
    tally, began = before(name, seed), time.monotonic()
    done = len(tally.outcomes)
    for number in range(done, times):
        outcome, used = once(bench, name, seed + TRIES * number)
        tally.outcomes.append(outcome)
        keep(name, tally)
        for problem in outcome.problems:
            tell(f"{name} seed {used}: {problem}")
        if outcome.problems:
            tell(
                f"  again: python -m tests.integration.faults --only {name} --times 1 --seed {used}"
            )
        seconds = (time.monotonic() - began) / (number + 1 - done)
        bad = sum(not outcome.recovered for outcome in tally.outcomes)
        tell(
            f"{name} {number + 1}/{times}: {bad} not recovered, {outcome.lost} images lost, "
            f"{seconds:.1f} s each, {(times - number - 1) * seconds / 60:.0f} min left: "
            f"{outcome.said[:150]}"
        )
    return tally


def before(name: str, seed: int) -> Tally:
    """What came of a kind so far, where it was begun with this seed."""
    file = KEPT / f"{name}.json"
    kept = json.loads(file.read_text()) if file.is_file() else {}
    return Tally.of(kept) if kept.get("seed") == seed else Tally(FAULTS[name].title, seed=seed)


def keep(name: str, tally: Tally) -> None:
    """What came of a kind so far: a harness that is stopped has done that much."""
    write_json(KEPT / f"{name}.json", asdict(tally))


def once(bench: Bench, name: str, seed: int) -> tuple[Outcome, int]:
    """One case, and its seed; where the run ended before, the next seeds until it met one."""
    for used in range(seed, seed + TRIES):
        try:
            outcome = FAULTS[name].act(bench, random.Random(f"{name} {used}"))
        except AssertionError as error:  # one that never ends, for instance
            outcome = Outcome(True, 0, 0, False, [str(error)], bench.abandon())
        if outcome.hit or outcome.problems:
            break
    return outcome, used


def section(tallies: list[Tally], seed: int) -> str:
    """The table, and what made it."""
    skipped = [f"{tally.title} ({tally.unavailable})" for tally in tallies if tally.unavailable]
    machine = f"{processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    lines = [faults_table(tally for tally in tallies if not tally.unavailable), ""]
    lines += [f"Not made on that machine: {'; '.join(skipped)}.", ""] if skipped else []
    return "\n".join([*lines, f"`make test-faults ARGS='--seed {seed}'` on {machine}.", ""])


def processor() -> str:
    """The processor's name and its number of cores."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
