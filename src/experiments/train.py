"""The loop. It walks the phases of a system and knows no algorithm.

Everything random is a function of (seed, images seen), so N + M images equal N, stop, resume, M.
"""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
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
from experiments.observe import Observer
from experiments.optim.adam import Adam
from experiments.prerequisite import Run
from experiments.ranks import Ranks
from experiments.seeding import Step, mix
from experiments.stats import Stats
from experiments.system.base import Losses, Phase, System


@dataclass
class Training:
    """All that a run consists of. `images` and what `state` returns is what a resume needs."""

    run: Run
    ranks: Ranks
    system: System
    batches: Batches
    settings: dict[str, Adam]
    precision: torch.dtype
    images: int = 0
    stats: Stats = field(default_factory=Stats)

    def __post_init__(self) -> None:
        trainer = self.run.config["trainer"]
        self.seed, self.batch = int(self.run.config["seed"]), int(trainer["batch"])
        self.parts = int(trainer["accumulate"])
        self.phases = self.system.phases()
        self.optimisers = {p.name: self.settings[p.name].build(p.parameters()) for p in self.phases}
        self.ema = EMA(self.system.export_modules(), trainer["ema_halflife"])
        # What trains in some phase; the rest of the system never changes.
        self.trained = [p for phase in self.phases for p in phase.parameters() if p.requires_grad]
        self.finite = torch.ones((), dtype=torch.bool, device=self.ranks.device)

    def resume_or_initialise(self) -> None:
        """Load the newest checkpoint of the run's folder, or give the networks fresh weights."""
        state = checkpoint.load_newest(self.run.folder)
        if state is None:
            torch.manual_seed(mix(self.seed, "weights"))
            self.system.initialise()
            self.ema.reset()
            return
        self.images = int(state["images"])
        self.system.load_state_dict(state["system"])
        self.ema.load_state_dict(state["export"])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {
            "images": self.images,
            "system": self.system.state_dict(),
            "export": self.ema.state_dict(),
            "optimisers": {name: o.state_dict() for name, o in self.optimisers.items()},
        }

    def autocast(self) -> AbstractContextManager[Any]:
        device = self.ranks.device.type
        return torch.autocast(device, self.precision, enabled=self.precision != torch.float32)

    def step(self, batch: Batch) -> None:
        """One turn of every phase that is due, on this process's share of a batch."""
        torch.manual_seed(mix(self.seed, self.images, self.ranks.rank))
        batch = self.to_device(batch)
        parts, shared = self.split(batch), None
        turn = self.images // self.batch
        for phase in self.phases:
            if turn % phase.interval:
                continue
            for repeat in range(phase.repeats):
                for part, step in parts:
                    if shared is None or len(parts) > 1:
                        self.only(None)
                        with self.autocast():
                            shared = self.system.prepare(part, step)
                    self.only(phase)
                    with self.autocast():
                        losses = phase.loss(shared, step, repeat)
                    self.backward(phase, losses)
                self.update(phase)
        self.images += self.batch
        self.ema.update(self.batch, self.images)

    def to_device(self, batch: Batch) -> Batch:
        """Crop, flip and pyramid happen here, on the device."""
        batch = batch.to(self.ranks.device)
        crops = crop_and_flip(batch.pixels, batch.offsets, batch.flips, self.batches.crop)
        return replace(batch, images=pyramid(crops, self.system.resolutions))

    def split(self, batch: Batch) -> list[tuple[Batch, Step]]:
        """The parts of the batch, each with the noise of its rows."""
        share = self.batch // self.ranks.processes
        size, first = share // self.parts, self.ranks.rank * share
        device, processes = self.ranks.device, self.ranks.processes
        found = []
        for part in range(self.parts):
            rows = slice(first + part * size, first + (part + 1) * size)
            step = Step(self.seed, self.images, self.batch, rows, device, processes)
            found.append((batch.part(part * size, (part + 1) * size), step))
        return found

    def only(self, phase: Phase | None) -> None:
        """Let only the parameters of a phase require gradients; all that ever train, for None."""
        torch.set_grad_enabled(True)
        for parameter in self.trained:
            parameter.requires_grad_(phase is None)
        for parameter in phase.parameters() if phase is not None else ():
            if id(parameter) in self._trained_ids:
                parameter.requires_grad_(True)

    @property
    def _trained_ids(self) -> set[int]:
        if not hasattr(self, "_ids"):
            self._ids = {id(parameter) for parameter in self.trained}
        return self._ids

    def backward(self, phase: Phase, losses: Losses) -> None:
        """Back-propagate the weighted sum; remember every term for the log."""
        weighted: list[Tensor] = []
        for name, term in losses.items():
            self.stats.add(f"{phase.name}/{name}", term.value.detach())
            if term.weight != 0:
                weighted.append(term.value * term.weight)
        total = torch.stack(weighted).sum() / self.parts
        self.finite &= total.detach().isfinite()
        self.stats.add(f"{phase.name}/loss", total.detach() * self.parts)
        total.backward()

    def update(self, phase: Phase) -> None:
        """Average gradients over processes, bound them, set the rate, step."""
        optimiser, settings = self.optimisers[phase.name], self.settings[phase.name]
        parameters = [p for p in phase.parameters() if p.grad is not None]
        self.ranks.average_gradients(parameters)
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        self.stats.add(f"{phase.name}/gradient_norm", norm)
        if settings.clip is not None:
            modules = phase.clip or phase.modules
            torch.nn.utils.clip_grad_norm_(
                [p for module in modules for p in module.parameters()], settings.clip
            )
        for group in optimiser.param_groups:
            group["lr"] = settings.rate(self.images)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    def require_finite(self) -> None:
        """Stop where a loss was not finite: nothing after it is worth keeping."""
        if self.ranks.any(not bool(self.finite)):
            found = {k: v for k, v in self.stats.read().items() if not math.isfinite(v)}
            raise UserError(
                f"{self.run.folder}: a loss is not finite at {self.images} images "
                f"({', '.join(found) or 'on another process'}); the last checkpoint is good: lower "
                "optim.*.lr or set trainer.precision=fp32, which starts a run of its own"
            )


def fit(training: Training, observer: Observer, interrupt: Interrupt) -> bool:
    """Train until `trainer.images`; False where the user stopped it first."""
    trainer, ranks = training.run.config["trainer"], training.ranks
    goal, batch = int(trainer["images"]), training.batch

    def due(every: str) -> bool:
        interval, images = int(trainer[every]), training.images
        return images // interval > (images - batch) // interval or images >= goal

    def save() -> None:
        training.require_finite()
        ranks.average_buffers(training.system)
        if ranks.main:
            checkpoint.save(training.run.folder, training.state(), int(trainer["keep"]))
        ranks.wait()

    stopped, began = False, time.perf_counter()
    stream = training.batches.prefetch(training.images)
    with observer.progress(training.images):
        while training.images < goal and not stopped:
            training.step(next(stream))
            observer.tick(training.images)
            stopped = ranks.any(interrupt.requested)
            if due("log_every"):
                training.require_finite()
                values = training.stats.read(ranks.mean)
                values |= {f"{n}/lr": s.rate(training.images) for n, s in training.settings.items()}
                seconds, began = time.perf_counter() - began, time.perf_counter()
                observer.log(training.images, values, seconds)
            if due("checkpoint_every") or stopped:
                save()
            if due("sample_every") and not stopped:
                observer.sample(training.images, training.ema)
            if due("evaluate_every") and training.images < goal and not stopped:
                observer.evaluate(training.images, training.ema)
    stream.close()
    return training.images >= goal
