"""What one fault did to a run, and the table of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.reliability_page import table

if TYPE_CHECKING:
    import random

    from tests.integration.faults.bench import Bench


@dataclass(frozen=True)
class Outcome:
    """`hit`: whether the fault met a run at all, which may have ended before. `lost`: images that
    it had logged, drawn or saved and had to see again. `allowed`: how many that may be.
    `identical`: whether weights, averaged weights, optimisers, statistics, samples and scores are
    those of the undisturbed run. `problems`: what is not as promised, a line each. `said`: what the
    run said about it."""

    hit: bool
    lost: int
    allowed: int
    identical: bool
    problems: list[str] = field(default_factory=list)
    said: str = ""

    @property
    def recovered(self) -> bool:
        return not self.problems


class Unavailable(Exception):
    """This machine cannot make that fault: why."""


@dataclass(frozen=True)
class Fault:
    """A way in which a run is disturbed: `act` does it once and looks at what becomes of it.

    title: for the table. times: how often the whole harness does it; kills are counted apart.
    quick: whether the suite does it once without being asked.
    """

    title: str
    act: Callable[[Bench, random.Random], Outcome]
    times: int = 5
    quick: bool = True


@dataclass
class Tally:
    """All that one fault did, from the first seed on; `unavailable`: why this machine cannot make
    it."""

    title: str
    outcomes: list[Outcome] = field(default_factory=list)
    seed: int = 0
    unavailable: str = ""

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Tally:
        """What `dataclasses.asdict` made of one."""
        outcomes = [Outcome(**outcome) for outcome in kept["outcomes"]]
        return cls(kept["title"], outcomes, kept["seed"], kept["unavailable"])

    @property
    def failed(self) -> bool:
        return any(not outcome.recovered for outcome in self.outcomes)

    def row(self) -> list[object]:
        tried = len(self.outcomes)
        identical = sum(outcome.identical for outcome in self.outcomes)
        return [
            self.title,
            tried,
            sum(outcome.recovered for outcome in self.outcomes),
            max((outcome.lost for outcome in self.outcomes), default=0),
            max((outcome.allowed for outcome in self.outcomes), default=0),
            f"{identical} of {tried}",
        ]


TITLES = (
    *("fault", "times", "recovered", "images lost at worst", "promised at most"),
    "bit-identical",
)


def faults_table(tallies: Iterable[Tally]) -> str:
    """Markdown: a row for each fault."""
    return table(TITLES, [tally.row() for tally in tallies])
