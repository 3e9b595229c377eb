"""What harnesses of single files share: a case is put in a file's place and read, and all of them
make a table of docs/reliability.md."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.hostile import pictures
from tests.hostile.trial import Outcome, attempt
from tests.reliability_page import table, write_section


def placed(
    path: Path,
    put: Callable[[Path, random.Random], object],
    draw: random.Random,
    work: Callable[[], dict[str, Any]],
) -> Outcome:
    """What comes of `work` while the case lies at `path`."""
    put(path, draw)
    try:
        return attempt(work)
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        pictures.outside(path.suffix).unlink(missing_ok=True)


def tried(
    kind: str,
    told: str,
    names: Iterable[str],
    run: Callable[[str, Path, int], Outcome],
    times: int,
    arguments: Sequence[str] | None,
) -> int:
    """Every case several times, and the section `<kind>s` of the page; 0 where none failed.
    `told`: what is done with each."""
    module = f"tests.hostile.{kind}s"
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("--times", type=int, default=times, help="that each case is tried")
    parser.add_argument("--no-page", action="store_true", help="leave the docs as they are")
    options = parser.parse_args(arguments)
    counts: dict[str, Counter[str]] = {}
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for seed in range(options.times):
                outcome = run(name, Path(folder), seed)
                counts.setdefault(name.partition(":")[0], Counter())[outcome.kind] += 1
                worst = max(worst, outcome.megabytes)
                if outcome.kind == "failed":
                    sys.stderr.write(f"FAILED {name}, seed {seed}: {outcome.message}\n")
    kinds = ("accepted", "refused", "failed")
    rows = [[n, sum(found.values()), *(found[k] for k in kinds)] for n, found in counts.items()]
    rows.append(["**all**", *(sum(row[k] for row in rows) for k in range(1, 5))])  # type: ignore[arg-type]
    titles = (kind, "inputs tried", "accepted", "refused with a line", "tracebacks or worse")
    text = (
        f"`python -m {module} --times {options.times}`: each is {told} by a "
        f"process of its own. The most memory that one took was {worst:.0f} MB.\n\n"
        f"{table(titles, rows)}"
    )
    sys.stdout.write(f"{text}\n")
    if not options.no_page:
        write_section(f"{kind}s", text)
    return 1 if any(found["failed"] for found in counts.values()) else 0
