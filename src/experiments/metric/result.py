"""What an evaluation gives. What a score raises is the reason why it has no value, and no more."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.protocol import Protocol
from experiments.metric.samples import ScoreSamples
from experiments.terminal.error import PeerLost, UserError, as_user_error, one_line

if TYPE_CHECKING:
    from torch import Tensor

PARTS = ("/std", "/candidates")  # of a score, which say nothing without it
T = TypeVar("T")


class Undefined(UserError):
    """A score has no value for these pictures, as it has for others."""


@dataclass
class Scored:
    """`scores`, and in `skipped` by name the reason for each that cannot be computed.

    undefined: those of `skipped` that other pictures, or another try, may have a value of. columns:
    for scores that are means over generated pictures, what each adds, (n,) on the CPU, NaN where it
    does not count. averages: for scores that are means of such means, which.
    """

    scores: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    undefined: list[str] = field(default_factory=list)
    columns: dict[str, Tensor] = field(default_factory=dict, compare=False)
    averages: dict[str, list[str]] = field(default_factory=dict)

    def attempt(self, name: str, compute: Callable[[], T]) -> T | None:
        """What `compute` gives; None where it raises, and then there is a reason for `name`.

        A process of the run that is gone is no matter of a score.
        """
        try:
            return compute()
        except Exception as error:
            if isinstance(as_user_error(error), PeerLost):
                raise
            expected = isinstance(error, UserError)
            self.skipped[name] = str(error) if expected else one_line(error)
            if not expected or isinstance(error, Undefined):
                self.undefined.append(name)
            return None

    def result(self, protocol: Protocol, samples: ScoreSamples | None = None) -> Result:
        """With how they were measured."""
        return Result(self.scores, protocol, self.skipped, samples, tuple(self.undefined))


@dataclass(frozen=True)
class Result:
    """Scores by name, all finite, why others could not be computed, how all were measured, and what
    single pictures add to them, where that was kept. undefined: as in `Scored`."""

    scores: dict[str, float]
    protocol: Protocol
    skipped: dict[str, str] = field(default_factory=dict)
    samples: ScoreSamples | None = field(default=None, compare=False)
    undefined: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        infinite = [name for name, value in self.scores.items() if not math.isfinite(value)]
        if infinite:
            gone = {*infinite, *(name + part for name in infinite for part in PARTS)}
            named = [name for name in infinite if not name.endswith(PARTS)] or infinite
            kept = {name: value for name, value in self.scores.items() if name not in gone}
            _set(self, "scores", kept)
            _set(self, "skipped", self.skipped | dict.fromkeys(named, "is not finite"))
            _set(self, "undefined", (*self.undefined, *named))

    @property
    def told(self) -> list[str]:
        """A line for each reason why scores that others have are undefined here."""
        reasons: dict[str, list[str]] = {}
        for name in self.undefined:
            reasons.setdefault(self.skipped[name], []).append(name)
        return [f"not computed: {', '.join(names)} ({why})" for why, names in reasons.items()]


def _set(result: Result, name: str, value: Any) -> None:
    object.__setattr__(result, name, value)


Scorer = Callable[[Any, Dataset, Ranks], Result]  # of a system, on the test split of a data set
