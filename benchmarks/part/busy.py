"""What a run keeps of its speed beside one other process, which computes all the time.

python -m benchmarks.part.busy plain|product

The other process has a session of its own: Linux shares cores out by session, and within one alone
does niceness count. `plain`: with as many threads as there are cores, as PyTorch waits by itself.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmarks.case import Case, prepare
from benchmarks.row import Row, aligned
from experiments.machine.core import cores, look, others
from experiments.machine.rank import Ranks
from experiments.machine.setup import set_up
from experiments.machine.thread import OPENMP
from experiments.machine.throttle import POLICIES, throttle
from experiments.terminal.line import say

CASE = Case("damsm", "plumage")  # small operators: it waits most often
SECONDS, NOTICE = 3.0, 4.0  # of a turn, and until threads spin again where a machine is quiet
ROUNDS, PATIENCE = 3, 60.0  # s, all in all, to wait until the machine is as it should be
NEAR = 0.15  # cores that others may use more or less
SPIN = "import os\nos.nice(10)\nwhile True: pass"


@dataclass
class Runner:
    """A process that trains when it is asked to."""

    process: subprocess.Popen[str]
    threads: int = 0

    def turn(self) -> tuple[float, float]:
        """Images a second, and how many cores others used meanwhile."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None
        stdin.write("\n")
        stdin.flush()
        answer = json.loads(stdout.readline())
        return float(answer["rate"]), float(answer["others"])


@dataclass
class Found:
    """Images a second by name, the threads that made them, and turns that something disturbed."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    threads: dict[str, int] = field(default_factory=dict)
    disturbed: int = 0
    until: float = field(default_factory=lambda: time.monotonic() + PATIENCE)

    def turns(self, when: str, used: float, **runners: Runner) -> None:
        """All runners one after the other, several times, while others use so many cores."""
        for _ in range(ROUNDS):
            for kind, runner in runners.items():
                self.threads[f"{kind} {when}"] = runner.threads
                self.rates.setdefault(f"{kind} {when}", []).append(self._turn(runner, used))

    def _turn(self, runner: Runner, used: float) -> float:
        """Again where others used more or less; as it is once patience is at its end."""
        while True:
            self.wait(used)
            rate, others_used = runner.turn()
            if abs(others_used - used) < NEAR:
                return rate
            if time.monotonic() > self.until:
                self.disturbed += 1
                return rate

    def wait(self, used: float) -> None:
        """Until others use so many cores."""
        while time.monotonic() < self.until:
            before = look()
            time.sleep(0.5)
            if abs(others(before, look()) - used) < NEAR:
                return

    def __getitem__(self, name: str) -> float:
        return statistics.median(self.rates[name])


def measure(options: Namespace) -> list[Row]:
    """Shares of the speed on a quiet machine, two to three minutes; nothing on a single core."""
    if cores() < 2 or options.device != "cpu":
        say("busy: needs a processor with two cores")
        return []
    say(f"busy: {CASE.name} with and without a busy process beside it, two to three minutes")
    found = Found()
    with ExitStack() as stack:
        found.wait(0.0)
        ours, plain = (stack.enter_context(runner(kind)) for kind in ("product", "plain"))
        found.turns("quiet", 0.0, product=ours, plain=plain)
        with busy():
            ours.turn()  # who waits for a turn has nothing to notice
            found.turns("after", 1.0, product=ours)
            found.turns("after", 1.0, plain=plain)
        time.sleep(2 * NOTICE)
        found.turns("again", 0.0, product=ours)
        with busy():
            found.wait(1.0)
            late = stack.enter_context(runner("product"))
            found.turns("before", 1.0, product=late)
    quiet = found["product quiet"]
    shares = {
        "quiet": ("share of PyTorch's own speed, quiet machine", quiet / found["plain quiet"]),
        "before": ("share kept, busy before it began", found["product before"] / quiet),
        "after": ("share kept, busy since it runs", found["product after"] / quiet),
        "again": ("share that is back, quiet again", found["product again"] / quiet),
    }
    rows = [
        Row("busy", title, share, "", f"busy {key}", details=found.rates)
        for key, (title, share) in shares.items()
    ]
    rows[0].remarks.extend(explained(found))
    return rows


def explained(found: Found) -> list[str]:
    """What all figures come from."""
    cells: list[tuple[str, ...]] = [("images/s", "threads", "median", "least", "most")]
    for name, rates in found.rates.items():
        numbers = (f"{of(rates):,.0f}" for of in (statistics.median, min, max))
        cells.append((name, str(found.threads[name]), *numbers))
    lines = aligned(cells)
    if found.disturbed:
        lines.append(f"other processes disturbed {found.disturbed} turns: measure again")
    return lines


@contextmanager
def runner(kind: str) -> Iterator[Runner]:
    """One that has warmed up."""
    unset = (OPENMP, "MKL_NUM_THREADS", *POLICIES)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.part.busy", kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in unset},
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        yield Runner(process, int(json.loads(process.stdout.readline())["threads"]))
    finally:
        process.kill()
        process.wait()


@contextmanager
def busy() -> Iterator[None]:
    """One other process at nice 10 in a session of its own."""
    process = subprocess.Popen([sys.executable, "-c", SPIN], start_new_session=True)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def main(kind: str) -> None:
    """Train for a few seconds whenever there is a line to read."""
    threads = cores() if kind == "plain" else None
    set_up({"device": "cpu", "threads": threads, "allocator": True}, 1)
    if kind == "plain" and (found := throttle()) is not None:
        found.leave()
    ranks = Ranks("cpu")
    training = prepare(CASE, ranks.device).training(ranks, "auto")
    with training.stream() as stream:
        for _ in range(10):
            training.step(next(stream))
            training.advance()
        _say({"threads": torch.get_num_threads()})
        for _ in sys.stdin:
            before, images = look(), training.images
            while time.monotonic() - before.at < SECONDS:
                training.step(next(stream))
                training.advance()
            after = look()
            rate = (training.images - images) / (after.at - before.at)
            _say({"rate": rate, "others": others(before, after)})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
