"""Where the time of a step goes: methods of objects are timed, each without what it calls that is
timed itself."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from benchmarks.plain import PlainStep
from benchmarks.turns import now
from experiments.trainer.training import Training

REST = "rest"


class Stopwatch:
    """Exclusive seconds by name."""

    def __init__(self, clock: str) -> None:
        self.clock = clock
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = [0.0]  # seconds of what the one that is running called

    def watch(self, owner: Any, method: str, name: str) -> None:
        """Time a method of this one object from here on."""
        setattr(owner, method, self.timed(getattr(owner, method), name))

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """The same function, whose time is kept."""

        def call(*arguments: Any, **named: Any) -> Any:
            began = now(self.clock)
            self._inner.append(0.0)
            try:
                return function(*arguments, **named)
            finally:
                took = now(self.clock) - began
                self.seconds[name] += took - self._inner.pop()
                self._inner[-1] += took

        return call


def watch_plain(plain: PlainStep, watch: Stopwatch) -> None:
    """The parts of a plain step."""
    for method, name in plain.watched.items():
        watch.watch(plain, method, name)
    for optimiser in plain.optimisers:
        watch.watch(optimiser, "step", "optimisers")


def watch_product(training: Training, watch: Stopwatch) -> None:
    """The same parts of the product's step; it reads text features and makes its own pyramid."""
    watch.watch(training, "to_device", "crop and pyramid")
    if hasattr(training.system, "draw"):
        watch.watch(training.system, "draw", "generator forward")
    for turn in training.turns:
        name = turn.phase.name
        turn.phase = dataclasses.replace(turn.phase, loss=watch.timed(turn.phase.loss, name))
        for method in ("backward", "update"):
            watch.watch(turn, method, name)
        watch.watch(turn.optimiser, "step", "optimisers")
    watch.watch(training.ema, "update", "average")


def parts_of(
    step: Callable[[], object], watch: Stopwatch, images: int, steps: int
) -> dict[str, float]:
    """Seconds for each image of every part, of `steps` steps of `images` images."""
    watch.seconds.clear()
    for _ in range(steps):
        watch.timed(step, REST)()
    return {name: seconds / (steps * images) for name, seconds in watch.seconds.items()}
