"""The steps of a run on paper: each is made once, and kept beside compositions, since a plan is
asked for again with another GPU, another price, other numbers of GPUs.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from experiments.config.cache import FOLDER, MOST
from experiments.data.record import CLIP
from experiments.file.whole import write_json
from experiments.plan.estimate import Disk, disk
from experiments.plan.facts import DataFacts
from experiments.plan.paper import Held, Needs, Paper
from experiments.plan.store import Features, Stores, features_of, taken
from experiments.run.prerequisite import Run
from experiments.trainer.streaming import require_served, unserved

DECIDES = ("system", "optim", "trainer", "data", "encoder", "generator", "discriminator", "loss")


@dataclass(frozen=True)
class About:
    """What does not change with the batch."""

    precision: str
    accumulate: int
    parameters: dict[str, int]
    trained: list[str]
    held: Held
    disk: Disk
    clips: bool
    features: Features
    streams: bool  # whether pictures may be read where they lie


class Steps:
    """A run on paper, as far as it is not known from before."""

    def __init__(self, run: Run, facts: DataFacts, told: Callable[[], None] = lambda: None) -> None:
        """told: called after each step that had to be made."""
        self.run, self.facts, self.told = run, facts, told
        self.taken = taken(run, facts)
        store = self.taken[0] if self.taken else None
        self.data = run.config["data"] | {"store": store}
        self.file = FOLDER / f"plan-{_key(run, facts, store)}.json"
        self._known: dict[str, Any] = {"about": None, "steps": {}}
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            found = json.loads(self.file.read_text(encoding="utf-8"))
            steps = {name: asdict(Needs(**one)) for name, one in found["steps"].items()}
            self._known = {"about": asdict(_about(found["about"])), "steps": steps}

    @cached_property
    def paper(self) -> Paper:
        """Raises `UserError` for networks that cannot be built."""
        return Paper(self.run, self.facts)

    @cached_property
    def about(self) -> About:
        if self._known["about"] is None:
            paper, config = self.paper, self.run.config
            require_served(config, paper.system, self.data["store"] or "")
            keep = int(config["trainer"]["keep"])
            found = About(
                paper.precision,
                paper.accumulate,
                paper.parameters(),
                sorted(paper.trained()),
                held := paper.held(),
                disk(self.facts, paper.views, self.data, held, keep),
                any(view.name == CLIP for view in paper.views),
                features_of(paper.views, self.data, paper.encoding),
                not unserved(paper.system),
            )
            self._known["about"] = asdict(found)
        return _about(self._known["about"])

    @property
    def stores(self) -> Stores | None:
        """Of its pictures; None where it has none."""
        found = self.about
        return Stores(*self.taken, found.features, found.streams) if self.taken else None

    def step(self, share: int, processes: int = 1) -> Needs:
        """As `Paper.step`."""
        name = f"{share},{processes}"
        if name not in self._known["steps"]:
            self._known["steps"][name] = asdict(self.paper.step(share, processes))
            self.told()
        return Needs(**self._known["steps"][name])

    def among(self, share: int, processes: Iterable[int]) -> dict[int, Needs]:
        """`step` of each number of processes above one. Where nothing but gradients is exchanged,
        it does not matter how many they are."""
        found: dict[int, Needs] = {}
        for number in sorted(set(processes) - {1}):
            alike = next((needs for needs in found.values() if not needs.gathered), None)
            found[number] = replace(alike, processes=number) if alike else self.step(share, number)
        return found

    def keep(self) -> None:
        """Write down what is known; a cache that cannot be written is done without."""
        if not self.about or sys.dont_write_bytecode:
            return
        with suppress(OSError):
            write_json(self.file, self._known)
            others = sorted(FOLDER.glob("plan-*.json"), key=lambda path: path.stat().st_mtime)
            for old in others[:-MOST]:
                old.unlink(missing_ok=True)


def _about(content: dict[str, Any]) -> About:
    parts = {"held": Held, "disk": Disk, "features": Features}
    return About(**content | {name: kind(**content[name]) for name, kind in parts.items()})


def _key(run: Run, facts: DataFacts, store: str | None) -> str:
    """Of all that a step on paper is made of, the code and PyTorch included."""
    parts = {name: run.config.get(name) for name in DECIDES}
    share = run.config["launch"]["num_processes"]
    about = [parts, share, store, asdict(facts) | {"source": ""}, _code()]
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()[:32]


@cache
def _code() -> str:
    import torch

    found = hashlib.sha256(torch.__version__.encode())
    package = Path(__file__).parents[1]
    for file in sorted(package.rglob("*.py")):
        found.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    return found.hexdigest()
