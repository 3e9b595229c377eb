"""What an evaluation gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.protocol import Protocol
from experiments.metric.samples import ScoreSamples


@dataclass(frozen=True)
class Result:
    """Scores by name, why others could not be computed, how all were measured, and what single
    pictures add to them, where that was kept."""

    scores: dict[str, float]
    protocol: Protocol
    skipped: dict[str, str] = field(default_factory=dict)
    samples: ScoreSamples | None = field(default=None, compare=False)


Scorer = Callable[[Any, Dataset, Ranks], Result]  # of a system, on the test split of a data set
