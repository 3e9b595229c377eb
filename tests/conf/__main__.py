"""Thousands of command lines, up to where training would start, in several processes.

python -m tests.conf [--seed N] [--count 3000] [--processes 2] [--write]

Prints every traceback with its seed; `--write` puts the counts into docs/reliability.md. Fails
where there was a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from experiments.terminal.line import say, show
from tests.conf.combinations import draw
from tests.conf.leaves import mutated
from tests.conf.rehearsal import Outcome, rehearse
from tests.conf.surroundings import data_roots, runs
from tests.reliability_page import table, write_section

RUNS: Path
ROOTS: dict[str, Path]


def prepare(folder: Path) -> None:
    """Where each process works: what is around it, and a place that it may write to."""
    global RUNS, ROOTS
    RUNS, ROOTS = folder / "runs", data_roots(folder / f"roots-{os.getpid()}")
    place = folder / f"here-{os.getpid()}"
    place.mkdir()
    os.chdir(place)


def one(seed: int) -> tuple[list[str], Outcome]:
    words = draw(seed, RUNS, ROOTS)
    return words, rehearse(words)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conf")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    found: Counter[str] = Counter()
    seeds = range(given.seed, given.seed + given.count)
    say(f"seeds {seeds.start} to {seeds.stop - 1}")
    with tempfile.TemporaryDirectory() as name:
        runs(Path(name) / "runs")
        with ProcessPoolExecutor(given.processes, None, prepare, (Path(name),)) as pool:
            for seed, (words, outcome) in zip(
                seeds, pool.map(one, seeds, chunksize=4), strict=True
            ):
                found[outcome.state] += 1
                if outcome.state == "traceback":
                    say(f"seed {seed}: {' '.join(words)}\n" + "\n".join(outcome.lines))
                if not (seed + 1 - seeds.start) % 100:
                    say(f"{seed + 1 - seeds.start} of {given.count}: {dict(found)}")
    ids = mutated()
    text = table(
        ("command lines", "passed", "refused with a line", "tracebacks"),
        [(given.count, found["passed"], found["refused"], found["traceback"])],
    )
    text += "\n\n" + table(
        ("recipes", "keys changed", "another id", "the same id, with a reason", "neither"),
        [(ids.recipes, ids.leaves, ids.other, ids.same, len(ids.wrong))],
    )
    show(text)
    if given.write:
        command = f"python -m tests.conf --seed {given.seed} --count {given.count}"
        write_section("configurations", f"{text}\n\n`{command}`")
    return int(bool(found["traceback"] or ids.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
