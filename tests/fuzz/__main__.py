"""`make fuzz`: every target for some seconds, each in a process of its own.

    python -m tests.fuzz --seconds 60 --only export_config,sweep
    python -m tests.fuzz --only sweep --repeat build/fuzz/sweep/crash-...

What makes a target fail is kept under `build/fuzz/<target>/`, with the command that repeats it. A
run of all targets writes its table into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.registry import TARGETS
from tests.fuzz.target import Target
from tests.reliability_page import table, write_section

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "build" / "fuzz"
MEMORY = 2048  # MB
SLOWEST = 10  # s for one file
NOTE = "needs atheris: pip install -e '.[fuzz]'"


@dataclass(frozen=True)
class Result:
    """files: tried in so many seconds. reached: edges of the code. found: a file that shows a
    defect, or the log of what did not come to its end."""

    target: Target
    files: int
    seconds: int
    reached: int
    found: Path | None


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    names = options.only.split(",") if options.only else list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        print(f"error: {unknown[0]}: no such target; there are: {', '.join(TARGETS)}")  # noqa: T201
        return 2
    if options.repeat:
        TARGETS[names[0]].run(options.repeat.read_bytes())
        print("no defect")  # noqa: T201
        return 0
    if importlib.util.find_spec("atheris") is None:
        print(f"error: make fuzz: {NOTE}")  # noqa: T201
        return 2
    results = []
    for name in names:
        result = fuzz(TARGETS[name], options.seconds, options.seed)
        results.append(result)
        found = "nothing found"
        if result.found:
            found = f"python -m tests.fuzz --only {name} --repeat {result.found}"
        print(f"{name}: {result.files:,} files, {result.reached:,} edges; {found}", flush=True)  # noqa: T201
    known = [last_result(target) for target in TARGETS.values()]
    lost = [target.name for target, r in zip(TARGETS.values(), known, strict=True) if r is None]
    if lost or any(result.found for result in known if result):
        print(f"docs/reliability.md is left as it is; still to run: {', '.join(lost) or 'none'}")  # noqa: T201
    else:
        write_section("fuzz", page([result for result in known if result]))
    return 1 if any(result.found for result in results) else 0


def fuzz(target: Target, seconds: int, seed: int) -> Result:
    """One target in a process of its own, from its seeds and from what was reached before."""
    place = PLACE / target.name
    corpus = place / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(content)
    command = [sys.executable, "-m", "tests.fuzz.worker", target.name, str(corpus)]
    command += [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={target.longest}"]
    command += [f"-rss_limit_mb={MEMORY}", f"-timeout={SLOWEST}", f"-artifact_prefix={place}/"]
    command += ["-print_final_stats=1"]
    log = place / "log"
    with log.open("wb") as file:
        subprocess.run(
            command,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
            timeout=seconds + 300,
            check=False,
        )
    result = last_result(target)
    assert result is not None
    return result


def last_result(target: Target) -> Result | None:
    """What the last run of a target came to, as its log tells; None where there was none."""
    place = PLACE / target.name
    log = place / "log"
    if not log.is_file():
        return None
    text = log.read_text(errors="replace")
    done = re.findall(r"^Done (\d+) runs in (\d+) second", text, re.M)
    kept = re.findall(r"Test unit written to (\S+/(?:crash|timeout|oom|leak)-\S+)", text)
    found = Path(kept[-1]) if kept else None if done else log
    files, seconds = map(int, done[-1]) if done else (0, 0)
    reached = re.findall(r"cov: (\d+)", text)
    return Result(target, files, seconds, int(reached[-1]) if reached else 0, found)


def page(results: Sequence[Result]) -> str:
    """The table of docs/reliability.md."""
    rows = [
        (r.target.reads, f"{r.files:,}", r.seconds, f"{r.reached:,}", int(r.found is not None))
        for r in results
    ]
    total, seconds = (
        sum(column) for column in zip(*((r.files, r.seconds) for r in results), strict=True)
    )
    return "\n".join(
        [
            table(("what is read", "files tried", "seconds", "edges reached", "defects"), rows),
            "",
            f"`make fuzz`, the last run of each target: {total:,} files in {len(results)} targets "
            f"and {seconds:,} s, with at most {SLOWEST} s and {MEMORY:,} MB for a file; Python "
            f"{platform.python_version()}, {platform.machine()}. A file is accepted, or refused "
            "with lines for a terminal; anything else is a defect.",
        ]
    )


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="of each target")
    parser.add_argument("--only", help="names of targets, with commas between them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=Path, help="a file that showed a defect")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
