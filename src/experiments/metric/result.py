"""What an evaluation gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from experiments.metric.protocol import Protocol


@dataclass(frozen=True)
class Result:
    """Scores by name, why others could not be computed, and how all were measured."""

    scores: dict[str, float]
    protocol: Protocol
    skipped: dict[str, str] = field(default_factory=dict)
