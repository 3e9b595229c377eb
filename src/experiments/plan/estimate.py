"""From what a step needs to batches, hours and disks: arithmetic, and where to look for a limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.data.view.base import View
from experiments.data.view.caption import CaptionView
from experiments.data.view.computed import too_large_beside
from experiments.data.view.picture import PictureView
from experiments.plan.facts import DataFacts
from experiments.plan.paper import Held, Needs
from experiments.plan.store import Stores

# TFLOP/s of an H100 SXM; convolutions in fp32 use TF32 there.
DENSE = {"bf16": 989.0, "fp16": 989.0, "fp32": 495.0}
GB, TERA = 1e9, 1e12
TRIES = 6  # steps on paper that look for the largest batch
NEAR = 0.97  # share of the memory that is close enough


@dataclass(frozen=True)
class Machine:
    """GPUs as `plan` describes them: `memory` in bytes that tensors can have, `speed` in useful
    FLOP/s, `launch` in seconds an operator, `link` and `network` in bytes/s of one GPU, `size` GPUs
    a machine."""

    memory: float
    speed: float
    launch: float
    size: int
    link: float
    network: float

    @classmethod
    def of(cls, options: Mapping[str, Any], precision: str) -> Machine:
        """`precision`: fp32, bf16 or fp16."""
        dense = options["tflops"] or DENSE[precision]
        return cls(
            options["memory"] * GB * (1 - options["headroom"]),
            dense * TERA * options["utilisation"],
            options["launch"] / 1e6,
            options["machine"],
            options["link"] * GB,
            options["network"] * GB,
        )


@dataclass(frozen=True)
class Pace:
    """Of a job on `gpus`: seconds of a step, computing and exchanging one after the other, as the
    gradients of a phase are counted as if none travelled during its backward pass."""

    gpus: int
    batch: int
    computing: float
    exchanging: float
    hours: float
    needs: Needs
    fits: bool

    @property
    def images_per_second(self) -> float:
        return self.batch / (self.computing + self.exchanging)


def pace(needs: Needs, images: int, machine: Machine) -> Pace:
    """A step waits for its products or, where they are small, for its operators to be launched. A
    ring sends 2 (N - 1) / N of what is reduced, over its slowest link; what is
    gathered comes from each of the others once."""
    gpus = needs.processes
    sent = 2 * (gpus - 1) / gpus * needs.reduced + needs.gathered
    exchanging = sent / (machine.link if gpus <= machine.size else machine.network)
    computing = max(needs.flops / machine.speed, needs.operators * machine.launch)
    batch = needs.share * gpus
    hours = math.ceil(images / batch) * (computing + exchanging) / 3600
    fits = needs.peak <= machine.memory
    return Pace(gpus, batch, computing, exchanging, hours, needs, fits)


def largest(
    step: Callable[[int], Needs], one: Needs, unit: int, memory: float
) -> tuple[Needs | None, float]:
    """The largest batch of one GPU that fits, in multiples of `unit`, None where none does; and the
    bytes that one more image of the batch of `one` takes. It is looked for where `one`, and then
    the nearest of those that were tried, point to: two steps are enough where memory is a line.
    """
    tried = {one.share: one}
    for _ in range(TRIES):
        fits = max((n for n in tried.values() if n.peak <= memory), key=_share, default=None)
        bursts = min((n for n in tried.values() if n.peak > memory), key=_share, default=None)
        least = fits.share + unit if fits else unit
        most = bursts.share - unit if bursts else math.inf
        if (fits and fits.peak >= NEAR * memory) or most < least:
            break
        if len(tried) == 1:
            each = max((one.peak - one.held) / one.share, 1.0)
            goal = one.share + (memory * (1 + NEAR) / 2 - one.peak) / each
        else:
            a, b = sorted(tried.values(), key=lambda needs: abs(needs.peak - memory))[:2]
            if fits and bursts:
                a, b = fits, bursts
            goal = _goal(a, b, memory * (1 + NEAR) / 2)
        share = int(min(max(goal // unit * unit, least), most))
        tried[share] = step(share)
    found = max((n for n in tried.values() if n.peak <= memory), key=_share, default=None)
    others = [needs for needs in tried.values() if needs is not one]
    nearest = min(others, key=lambda needs: abs(needs.share - one.share), default=None)
    return found, _one_more(one, nearest)


def _one_more(one: Needs, other: Needs | None) -> float:
    """Bytes of one more image at the batch of `one`: the slope there of what `_goal` draws."""
    each = (one.peak - one.held) / one.share
    if other is None:
        return each
    a, b = sorted((one, other), key=_share)
    u, v = ((needs.peak - needs.held) / needs.share for needs in (a, b))
    q = max(0.0, (v - u) / (b.share - a.share))
    if q * a.share < 0.01 * u:  # a line
        return (b.peak - a.peak) / (b.share - a.share)
    return u - q * a.share + 2 * q * one.share


def _goal(a: Needs, b: Needs, memory: float) -> float:
    """Where held + p x + q x^2 through both reaches the memory: losses over pairs are in q."""
    u, v = ((needs.peak - needs.held) / needs.share for needs in (a, b))
    q = max(0.0, (v - u) / (b.share - a.share))
    if q * a.share < 0.01 * u:  # a line
        slope = (b.peak - a.peak) / (b.share - a.share)
        return a.share + (memory - a.peak) / max(slope, 1.0)
    p, room = u - q * a.share, memory - a.held
    return (math.sqrt(p * p + 4 * q * max(0.0, room)) - p) / (2 * q)


def _share(needs: Needs) -> int:
    return needs.share


@dataclass(frozen=True)
class Disk:
    """Bytes of what the views store, by what it is, and of the run's own files: `keep` checkpoints,
    one that is being written, and the averaged networks."""

    stores: dict[str, int]
    run: int


def disk(
    facts: DataFacts, views: Sequence[View], data: Mapping[str, Any], held: Held, keep: int
) -> Disk:
    """`data`: the group of the configuration."""
    stores: dict[str, int] = {}
    for view in views:
        found = view.disk(facts.pictures, facts.train, facts.captions, data, facts.letters)
        if isinstance(view, CaptionView) and view.may_compute and view.average == 1:
            size, side = sum(found.values()), _side(views, data)
            if too_large_beside(str(data.get("store") or ""), facts.train, side, size):
                continue
        stores |= found
    return Disk(stores, (keep + 1) * held.checkpoint + held.export)


def _side(views: Sequence[View], data: Mapping[str, Any]) -> int:
    """Px of the pictures that are kept, 0 where there are none."""
    sides = [view.crop for view in views if isinstance(view, PictureView)]
    return int(max(sides, default=0) * float(data.get("margin", 1)))


@dataclass(frozen=True)
class Planned:
    """All that is known of a run before it begins. `wanted_by`: the node of the run that it is
    trained for, None for the run itself. `activations`: bytes of one more image. `counted`: what
    its images are, "clips" where it takes clips. `stores`: of its pictures, if it has any."""

    name: str
    wanted_by: str | None
    finished: bool
    images: int
    facts: DataFacts
    accumulate: int
    parameters: dict[str, int]
    trained: list[str]
    held: Held
    precision: str
    activations: float
    needs: Needs
    largest: Needs | None
    disk: Disk
    paces: list[Pace]
    counted: str = "images"
    stores: Stores | None = None
