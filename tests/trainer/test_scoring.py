"""What a metric raises while two processes train: the same on both, or an end at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.two import surroundings

SCRIPT = """
import sys
from types import SimpleNamespace
import torch
from experiments.machine.rank import Ranks
from experiments.metric.protocol import Protocol
from experiments.metric.result import Result
from experiments.trainer import scoring

ranks, fails = Ranks("cpu"), sys.argv[1]
scoring.PATIENCE = 3.0 if fails == "within" else 30.0

def scorer(system, dataset, ranks):
    if fails == "both" or (fails != "none" and ranks.rank == 1):
        raise ValueError("no value here")
    if fails == "within":
        ranks.gather(torch.ones(2))  # the other never comes
    return Result({"a": 1.0}, Protocol(0, 0, "test", "none", {}, {}, 0, 0))

dataset = SimpleNamespace(test=SimpleNamespace(name="test"))
result = scoring.scored(scorer, None, dataset, ranks)
assert ranks.mean(torch.tensor(2.0 * ranks.rank)).item() == 1.0, "they are together"
print(result.scores, result.skipped)
torch.distributed.destroy_process_group()
"""


def two(fails: str) -> list[tuple[int | None, str, str]]:
    """Exit code, output and errors of each process."""
    running = []
    for environment in surroundings():
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, "-c", SCRIPT, fails]
        running.append(subprocess.Popen(command, env=environment, **pipes))  # type: ignore[call-overload]
    try:
        said = [process.communicate(timeout=60) for process in running]
    finally:
        for process in running:
            process.kill()
    return [(p.returncode, out, err) for p, (out, err) in zip(running, said, strict=True)]


@pytest.mark.slow
def test_what_all_processes_meet_costs_the_scores_alone() -> None:
    for code, out, err in two("both"):
        assert code == 0, err
        assert out == "{} {'all scores': 'ValueError: no value here'}\n"


def test_what_one_meets_at_the_end_costs_the_scores_of_all() -> None:
    first, second = two("one")
    assert first[:2] == (0, "{} {'all scores': 'it failed in another process'}\n"), first[2]
    assert second[:2] == (0, "{} {'all scores': 'ValueError: no value here'}\n"), second[2]


@pytest.mark.slow
def test_what_one_meets_while_the_others_wait_ends_it_with_the_reason() -> None:
    first, second = two("within")
    assert first[0] and second[0] and "ValueError: no value here" in second[2]
