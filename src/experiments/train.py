"""The loop. It walks the phases of a system and knows no algorithm.

Everything random is a function of (seed, images seen and passed over), so N + M images equal N,
stop, resume, M.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from experiments import checkpoint
from experiments.data.augment import crop_and_flip, pyramid
from experiments.data.batches import Batch, Batches
from experiments.ema import EMA
from experiments.errors import UserError
from experiments.interrupt import Interrupt
from experiments.machine import memory_format
from experiments.numerics import Numerics
from experiments.observe import Observer
from experiments.optim.schedule import Scheduled
from experiments.optim.turn import keep_layout, let_train, optimisers_of, turns_of
from experiments.prerequisite import Run
from experiments.ranks import Ranks
from experiments.seeding import Step, mix
from experiments.stats import Stats
from experiments.system.base import System

ASK_EVERY = 4  # steps
INTERVALS = ("log_every", "checkpoint_every", "sample_every", "evaluate_every")


@dataclass
class Training:
    """All that a run consists of. `images` and what `state` returns is what a resume needs."""

    run: Run
    ranks: Ranks
    system: System
    batches: Batches
    settings: dict[str, Scheduled]
    precision: torch.dtype
    data: str | None = None  # fingerprint of what it is trained on
    compiled: bool = False
    images: int = 0
    stats: Stats = field(default_factory=Stats)

    def __post_init__(self) -> None:
        trainer = self.run.config["trainer"]
        self.seed, self.batch = int(self.run.config["seed"]), int(trainer["batch"])
        self.parts = int(trainer["accumulate"])
        self.layout = memory_format(trainer["channels_last"], self.ranks.device)
        assert self.batch % (self.ranks.processes * self.parts) == 0, "parts of equal size"
        self.turns = turns_of(self.system.phases(), self.settings, self.ranks, self.stats)
        self.ema = EMA(self.system.export_modules(), trainer["ema_halflife"])
        self.numerics = Numerics(self)

    @property
    def place(self) -> int:
        """Images in the order of the data: those seen, and those passed over."""
        return self.images + self.numerics.passed_over

    def resume_or_initialise(self) -> None:
        """Load the newest checkpoint of the run's folder, or give the networks fresh weights."""
        state = checkpoint.load_newest(self.run.folder)
        if state is None:
            torch.manual_seed(mix(self.seed, "weights"))
            self.system.initialise()
            self.ema.reset()
        else:
            self.load(state)

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned: as exactly as it began, wherever that was.

        Raises `UserError` where it was of other data.
        """
        if state.get("data") not in (None, self.data):
            raise UserError(
                f"{self.run.folder}: was trained on other data than there are now; restore them, "
                "or move the folder away to start again"
            )
        if "precision" in state:  # what was chosen on the machine where it began
            self.precision = getattr(torch, state["precision"])
        self.compiled = bool(state.get("compiled", self.compiled))
        self.images = int(state["images"])
        self.system.load_state_dict(state["system"])
        self.ema.load_state_dict(state["export"])
        for name, optimiser in optimisers_of(self.turns).items():
            optimiser.load_state_dict(state["optimisers"][name])
            keep_layout(optimiser)
        self.stats.load(state.get("stats", {}))
        self.numerics.load(state.get("numerics", {}))

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {
            "images": self.images,
            "data": self.data,
            "precision": str(self.precision).removeprefix("torch."),
            "compiled": self.compiled,
            "system": self.system.state_dict(),
            "export": self.ema.state_dict(),
            "optimisers": {n: o.state_dict() for n, o in optimisers_of(self.turns).items()},
            "stats": self.stats.state(self.ranks.mean),
            "numerics": self.numerics.state(),
        }

    def stream(self) -> AbstractContextManager[Iterator[Batch]]:
        """The batches from here on; leaving it ends the thread that makes them."""
        return closing(self.batches.prefetch(self.place))  # type: ignore[type-var]

    def autocast(self) -> AbstractContextManager[Any]:
        device = self.ranks.device.type
        return torch.autocast(device, self.precision, enabled=self.precision != torch.float32)

    def step(self, batch: Batch) -> None:
        """One turn of every phase that is due, on this process's share of a batch."""
        torch.manual_seed(mix(self.seed, self.place, self.ranks.rank))
        self.numerics.begin()
        batch = self.to_device(batch)
        parts = self.split(batch)
        shared: list[Any] = [None] * len(parts)
        for turn in self.turns:
            phase = turn.phase
            if self.images // self.batch % phase.interval:
                continue
            for repeat in range(phase.repeats):
                for place, (part, step) in enumerate(parts):
                    if shared[place] is None:
                        shared[place] = self.prepare(part, step)
                    let_train([turn], self.turns)
                    step.begin(phase.name, repeat)
                    with self.autocast():
                        losses = phase.loss(shared[place], step, repeat)
                    turn.backward(losses, self.parts)
                    del losses
                    if self.parts > 1 and repeat == phase.repeats - 1:
                        shared[place] = None  # parts are there to hold one graph at a time
                turn.update(self.images)
        self.numerics.end()
        self.images += self.batch
        self.ema.update(self.batch, self.images)

    def prepare(self, part: Batch, step: Step) -> Any:
        """What the phases share; with several parts once for each phase, from the same noise."""
        let_train(self.turns, self.turns)
        step.begin()
        with self.autocast():
            return self.system.prepare(part, step)

    def to_device(self, batch: Batch) -> Batch:
        """Crop, flip and pyramid happen here, on the device."""
        batch = batch.to(self.ranks.device)

        def ready(pixels: Tensor) -> list[Tensor]:
            crops = crop_and_flip(pixels, batch.offsets, batch.flips, self.batches.crop)
            images = pyramid(crops, self.system.resolutions)
            return [image.contiguous(memory_format=self.layout) for image in images]

        wrong = None if batch.wrong_pixels is None else ready(batch.wrong_pixels)
        return replace(batch, images=ready(batch.pixels), wrong_images=wrong)

    def split(self, batch: Batch) -> list[tuple[Batch, Step]]:
        """The parts of the batch, each with the noise of its rows."""
        share = self.batch // self.ranks.processes
        size, first = share // self.parts, self.ranks.rank * share
        device, processes = self.ranks.device, self.ranks.processes
        found = []
        for part in range(self.parts):
            rows = slice(first + part * size, first + (part + 1) * size)
            step = Step(self.seed, self.place, self.batch, rows, device, processes)
            found.append((batch.part(part * size, (part + 1) * size), step))
        return found

    def average_buffers(self) -> None:
        """One set of running statistics for all processes, of live and of averaged networks."""
        trained = [module for turn in self.turns for module in turn.phase.modules]
        for module in [*trained, *self.ema.averaged.values()]:
            self.ranks.average_buffers(module)


def fit(training: Training, observer: Observer, interrupt: Interrupt) -> bool:
    """Train until `trainer.images`; False where the user stopped it first."""
    trainer, ranks = training.run.config["trainer"], training.ranks
    goal, batch = int(trainer["images"]), training.batch

    def due(every: str) -> bool:
        interval, images = int(trainer[every]), training.images
        return images // interval > (images - batch) // interval or images >= goal

    def save() -> None:
        training.average_buffers()
        state = training.state()
        if ranks.main:
            checkpoint.save(training.run.folder, state, int(trainer["keep"]))
        ranks.wait()

    def look() -> None:
        if due("sample_every"):
            training.average_buffers()
            observer.sample(training.images, training.ema)
        if due("evaluate_every") and training.images < goal:
            training.average_buffers()
            observer.evaluate(training.images, training.ema)

    def log(began: float, waited: float) -> None:
        values = training.stats.read(ranks.mean) | training.numerics.counts()
        values |= {f"{n}/lr": s.rate(training.images) for n, s in training.settings.items()}
        observer.log(training.images, values, time.perf_counter() - began, waited)

    if training.images:  # what the process before was stopped in after its last checkpoint
        look()
    if training.numerics.wants_checkpoint:
        save()
    stopped, began, waited = False, time.perf_counter(), 0.0
    with ExitStack() as held, observer.progress(training.images):
        stream = held.enter_context(training.stream())
        while training.images < goal and not stopped:
            asked = time.perf_counter()
            batch_of_images = next(stream)
            waited += time.perf_counter() - asked
            training.step(batch_of_images)
            observer.tick(training.images)
            # Several processes have to agree, and asking waits for the device: not at every step.
            if ranks.processes == 1 or training.images // batch % ASK_EVERY == 0:
                stopped = ranks.any(interrupt.requested)
            if (stopped or any(map(due, INTERVALS))) and training.numerics.check():
                observer.go_back(training.images)
                held.close()
                stream = held.enter_context(training.stream())
                began, waited = time.perf_counter(), 0.0
                continue
            if due("log_every"):
                log(began, waited)
                began, waited = time.perf_counter(), 0.0
            paused = time.perf_counter()
            if due("checkpoint_every") or stopped:
                save()
            if not stopped or training.images >= goal:  # nothing goes on from the end
                look()
            began += time.perf_counter() - paused  # the logged speed is that of training
    return training.images >= goal
