"""Scores while a run trains: what a metric raises is no reason for the run to end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.protocol import Protocol, averaged_as
from experiments.metric.result import Result, Scorer
from experiments.terminal.error import as_user_error, one_line

ALL = "all scores"  # the name of what is skipped where an evaluation as a whole fails
PATIENCE = 60.0  # s for the other processes to fail as well, before this one ends


def of_weights(result: Result, halflife: int | None, state: str) -> Result:
    """The result with what is known of the weights alone: whether they are an average, and which
    of a run's they are."""
    protocol = replace(result.protocol, averaged=averaged_as(halflife), state=state)
    return replace(result, protocol=protocol)


def scored(scorer: Scorer, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
    """What it gives. Where it raises what no user can mend at once, there are no scores, with the
    reason: in one process, and where all of several get to the end of the evaluation.

    All processes call it together. Raises what one of several raises alone: the others may wait
    for it within the metric, where nothing can be agreed on.
    """
    failure: Exception | None = None
    try:
        result = scorer(system, dataset, ranks)
    except Exception as error:
        spent = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
        # Memory is short in one of several processes, as a rule.
        if as_user_error(error) is not None and not (spent and ranks.processes == 1):
            raise
        failure = error
    if failure is None:
        if not ranks.any(False, PATIENCE):
            return result
        reason = "it failed in another process"
    else:
        try:
            ranks.any(True, PATIENCE)
        except TimeoutError:
            raise failure from None
        reason = one_line(failure)
    protocol = Protocol(0, 0, dataset.test.name, "none", {}, {}, 0, 0)
    return Result({}, protocol, {ALL: reason}, undefined=(ALL,))
