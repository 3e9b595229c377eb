"""What a metric raises while two processes train: the same on both, or an end at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.forked import Ended

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


Two = Callable[[str], list[tuple[int, str, str]]]


@pytest.fixture
def two(together: Callable[..., list[Ended]]) -> Two:
    """Exit code, output and errors of each process."""
    return lambda fails: [(one.code, one.out, one.err) for one in together(SCRIPT, fails)]


@pytest.mark.slow
def test_what_all_processes_meet_costs_the_scores_alone(two: Two) -> None:
    for code, out, err in two("both"):
        assert code == 0, err
        assert out == "{} {'all scores': 'ValueError: no value here'}\n"


def test_what_one_meets_at_the_end_costs_the_scores_of_all(two: Two) -> None:
    first, second = two("one")
    assert first[:2] == (0, "{} {'all scores': 'it failed in another process'}\n"), first[2]
    assert second[:2] == (0, "{} {'all scores': 'ValueError: no value here'}\n"), second[2]


@pytest.mark.slow
def test_what_one_meets_while_the_others_wait_ends_it_with_the_reason(two: Two) -> None:
    first, second = two("within")
    assert first[0] and second[0] and "ValueError: no value here" in second[2]
