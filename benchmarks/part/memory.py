"""Peak memory of the product's step at a batch of 16 against the plain one's."""

from __future__ import annotations

from argparse import Namespace

from benchmarks.case import Case
from benchmarks.part.step import command
from benchmarks.row import Row
from benchmarks.turns import take_turns

CASE = Case("attngan", "cub", 16)


def measure(options: Namespace) -> list[Row]:
    """One case. What a process takes at most does not vary much: a turn each, after one before."""
    timings = take_turns(
        {name: command(name, CASE, options.device, 1, False) for name in ("plain", "auto")},
        1,
        1,
        f"memory of {CASE.name}, batch {CASE.batch}",
        options.threads,
    )
    plain, ours = timings["plain"], timings["auto"]
    title = f"{CASE.name} 256 px, batch {CASE.batch}, {ours.note}, share of plain"
    share = ours.memory / plain.memory
    return [Row("memory", title, share, "", f"memory {ours.note}", plain, ours)]
