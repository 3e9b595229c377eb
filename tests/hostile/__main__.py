"""Try the hostile inputs and write what came of them into docs/reliability.md.

python -m tests.hostile                        every case once
python -m tests.hostile --seed 7 --cases 500   500 of them, with other choices
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.hostile.inputs import ALL, run
from tests.hostile.layouts import place
from tests.reliability_page import table, write_section

TITLES = (
    "data set",
    "inputs tried",
    "accepted",
    "accepted, drops counted",
    "refused with a line",
    "tracebacks or worse",
    "code executed",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where no case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("--seed", type=int, default=0, help="another choice of places and noise")
    parser.add_argument("--cases", type=int, default=len(ALL), help="how many are drawn")
    parser.add_argument("--no-page", action="store_true", help="leave the docs as they are")
    options = parser.parse_args(arguments)
    chosen = list(ALL)
    random.Random(options.seed).shuffle(chosen)
    chosen = (chosen * (options.cases // len(chosen) + 1))[: options.cases]
    counts: dict[str, Counter[str]] = {case.layout.name: Counter() for case in ALL}
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "made")
        for number, case in enumerate(chosen):
            placed = place(case.layout, made, Path(folder, str(number), "root"))
            outcome = run(case, placed, options.seed + number // len(ALL))
            counts[case.layout.name][outcome.kind] += 1
            worst = max(worst, outcome.megabytes)
            if outcome.kind == "failed":
                counts[case.layout.name]["code"] += "code was executed" in outcome.message
                sys.stderr.write(f"FAILED {case}: {outcome.message}\n")
            if number % 100 == 99:
                sys.stderr.write(f"{number + 1} of {len(chosen)}\n")
    kinds = ("accepted", "dropped", "refused", "failed", "code")
    rows = [
        [name, sum(found.values()) - found["code"], *(found[kind] for kind in kinds)]
        for name, found in counts.items()
    ]
    rows.append(["**all**", *(sum(row[k] for row in rows) for k in range(1, len(TITLES)))])  # type: ignore[arg-type]
    text = (
        f"`python -m tests.hostile --seed {options.seed} --cases {options.cases}`: each input is "
        "put into a whole data set of 120 pictures, which a process of its own then prepares as a "
        f"run does. The most memory that one took was {worst:.0f} MB.\n\n{table(TITLES, rows)}"
    )
    sys.stdout.write(f"{text}\n")
    if not options.no_page:
        write_section("inputs", text)
    return 1 if any(found["failed"] for found in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
