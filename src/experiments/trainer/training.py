"""What a run consists of, and one step of it: the phases of a system, whatever its algorithm.

Everything random is a function of (seed, images seen and passed over), so N + M images equal N,
stop, resume, M.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from experiments.data.batches import Batch, Batches
from experiments.machine.rank import Ranks
from experiments.machine.setup import memory_format
from experiments.optim.schedule import Scheduled
from experiments.run.prerequisite import Run
from experiments.run.reference import complete, grouped, named
from experiments.system.base import System
from experiments.system.seeding import Step, mix
from experiments.terminal.error import UserError
from experiments.trainer.ema import EMA
from experiments.trainer.fixed import Fixed
from experiments.trainer.mean import Stats
from experiments.trainer.scaling import Scaling
from experiments.trainer.turn import keep_layout, let_train, optimisers_of, turns_of


@dataclass(frozen=True)
class Known:
    """The data that a run is trained on: their fingerprint, that which runs of before recorded of
    the same files, and which files differ from those of another fingerprint, in words."""

    fingerprint: str
    by_time: str = ""
    difference: Callable[[str], str] = lambda before: ""

    def require(self, before: str | None, folder: Path) -> None:
        """Raise `UserError` where a run was trained on other data, those of `before`."""
        if before in (None, self.fingerprint, self.by_time or None):
            return
        differ = self.difference(str(before))
        raise UserError(
            f"{folder}: was trained on other data than there are now"
            f"{f' ({differ})' if differ else ''}; restore them, "
            "or move the folder away to start again"
        )


@dataclass
class Training:
    """All that a run consists of. `images` and what `state` returns is what a resume needs."""

    run: Run
    ranks: Ranks
    system: System
    batches: Batches
    settings: dict[str, Scheduled]
    precision: torch.dtype
    data: Known | None = None  # what it is trained on
    compiled: bool = False
    features: torch.dtype = torch.float32  # of frozen text encoders
    images: int = 0
    passed_over: int = 0  # images whose step was not finite: `trainer.nonfinite=rollback`
    stats: Stats = field(default_factory=Stats)

    def __post_init__(self) -> None:
        trainer = self.run.config["trainer"]
        self.seed, self.batch = int(self.run.config["seed"]), int(trainer["batch"])
        self.parts = int(trainer["accumulate"])
        self.layout = memory_format(trainer["channels_last"], self.ranks.device)
        assert self.batch % (self.ranks.processes * self.parts) == 0, "parts of equal size"
        self.turns = turns_of(self.system.phases(), self.settings, self.ranks, self.stats)
        self.compute_in(self.precision)
        self.ema = EMA(self.system.export_modules(), trainer["ema_halflife"], trainer["ema_ramp"])
        self.fixed = self.what_is_fixed()

    def what_is_fixed(self) -> Fixed:
        """What files of this run do not repeat."""
        return Fixed(self.system, self.turns)

    def compute_in(self, precision: torch.dtype) -> None:
        """Compute in this precision from here on, with scales of its own in float16."""
        self.precision = precision
        self.ranks.begin(precision)
        for turn in self.turns:
            turn.scaling = Scaling(self.ranks.device) if precision == torch.float16 else None

    @property
    def scalings(self) -> dict[str, Scaling]:
        """By the name of the phase whose losses each scales."""
        return {t.phase.name: t.scaling for t in self.turns if t.scaling is not None}

    @property
    def place(self) -> int:
        """Images in the order of the data: those seen, and those passed over."""
        return self.images + self.passed_over

    def initialise(self) -> None:
        """Give the networks fresh weights."""
        torch.manual_seed(mix(self.seed, "weights"))
        self.system.initialise()
        self.ema.reset()

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned: as exactly as it began, wherever that was.

        Raises `UserError` where it was of other data, and where what it keeps elsewhere is neither
        what the networks were built with nor to be found.
        """
        if self.data is not None:
            self.data.require(state.get("data"), self.run.folder)
        if "precision" in state:  # what was chosen on the machine where it began
            self.compute_in(getattr(torch, state["precision"]))
        # Before there was a choice, all were float16.
        self.features = getattr(torch, state.get("features", "float16"))
        self.compiled = bool(state.get("compiled", self.compiled))
        self.images = int(state["images"])
        folder, system = self.run.folder, self.system.state_dict()
        self.system.load_state_dict(complete(state, "system", folder, system))
        averaged = dict(named(self.ema.state_dict()))
        export = complete(state, "export", folder, averaged)
        self.ema.load_state_dict(grouped(export, state["export"]))
        for name, optimiser in optimisers_of(self.turns).items():
            optimiser.load_state_dict(state["optimisers"][name])
            keep_layout(optimiser)
        for name, scaling in self.scalings.items():
            scaling.load(state["scaling"][name])
        self.stats.load(state.get("stats", {}))

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        scalings = self.scalings
        return {
            "images": self.images,
            "data": None if self.data is None else self.data.fingerprint,
            "precision": str(self.precision).removeprefix("torch."),
            "features": str(self.features).removeprefix("torch."),
            "compiled": self.compiled,
            **self.fixed.without(
                self.run.folder, system=self.system.state_dict(), export=self.ema.state_dict()
            ),
            "optimisers": {n: o.state_dict() for n, o in optimisers_of(self.turns).items()},
            **({"scaling": {n: s.state() for n, s in scalings.items()}} if scalings else {}),
            "stats": self.stats.state(self.ranks.mean),
        }

    def exported(self) -> dict[str, Any]:
        """What the weights of a finished run hold."""
        return self.fixed.without(self.run.folder, export=self.ema.state_dict())

    def stream(self) -> AbstractContextManager[Iterator[Batch]]:
        """The batches from here on; leaving it ends the thread that makes them."""
        return closing(self.batches.prefetch(self.place))  # type: ignore[type-var]

    def step(self, batch: Batch) -> None:
        """One turn of every phase that is due, on this process's share of a batch."""
        torch.manual_seed(mix(self.seed, self.place, self.ranks.rank))
        for turn in self.turns:
            turn.prepare()
            turn.begin(self.images)
        batch = self.to_device(batch)
        parts = self.split(batch)
        shared: list[Any] = [None] * len(parts)
        for turn in self.turns:
            phase = turn.phase
            if self.images < phase.rest or self.images // self.batch % phase.interval:
                continue
            for repeat in range(phase.repeats):
                for place, (part, step) in enumerate(parts):
                    if shared[place] is None:
                        shared[place] = self.prepare(part, step)
                    let_train([turn], self.turns)
                    step.begin(phase.name, repeat)
                    last = place == len(parts) - 1
                    turn.backward(shared[place], step, repeat, self.parts, last)
                    if self.parts > 1 and repeat == phase.repeats - 1:
                        shared[place] = None  # parts are there to hold one graph at a time
                turn.update(self.images)

    def advance(self) -> None:
        """A step is done, and what it spoilt put right: its images count, the average follows."""
        self.images += self.batch
        self.ema.update(self.batch, self.images)

    def prepare(self, part: Batch, step: Step) -> Any:
        """What the phases share; with several parts once for each phase, from the same noise."""
        let_train(self.turns, self.turns)
        step.begin()
        with self.ranks.autocast():
            return self.system.prepare(part, step)

    def to_device(self, batch: Batch) -> Batch:
        """What its views do to a batch happens here, on the device."""
        return self.batches.ready(batch.to(self.ranks.device), self.layout)

    def split(self, batch: Batch) -> list[tuple[Batch, Step]]:
        """The parts of the batch, each with the noise of its rows."""
        share = self.batch // self.ranks.processes
        size, first = share // self.parts, self.ranks.rank * share
        device, processes = self.ranks.device, self.ranks.processes
        found = []
        for part in range(self.parts):
            rows = slice(first + part * size, first + (part + 1) * size)
            step = Step(self.seed, self.place, self.batch, rows, device, processes)
            found.append((batch.cut(part * size, (part + 1) * size), step))
        return found

    def average_buffers(self) -> None:
        """One set of running statistics for all processes, of live and of averaged networks."""
        trained = [module for turn in self.turns for module in turn.phase.modules]
        for module in [*trained, *self.ema.averaged.values()]:
            self.ranks.average_buffers(module)
