"""`trainer.minima`: the states of a run at which a phase's loss had a local minimum.

minima/images-<n>.safetensors   the averaged weights there, read as run=...@minimum1, @minimum2, ...
minima.json                     whose loss, and at how many images its minima were

The pipeline of 2017 was stopped by eye, near the second local minimum of the generator's loss.
Which state is the best only scores say (`trainer.keep_best`); this marks what its author looked
for.

The loss is smoothed over its logged means. It is looked at when the run is saved, and what is found
is a function of `stats.jsonl` and of those moments, so that a resumed run finds the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from experiments.file.whole import write_json
from experiments.run import checkpoint
from experiments.run import folder as files
from experiments.run.prerequisite import Run
from experiments.run.stats import StatsFile
from experiments.system.base import System
from experiments.terminal.error import UserError, suggest
from experiments.terminal.line import say

SMOOTHED = 0.99  # of the running mean, at each step
RISE = 0.05  # of the range so far: what is no more up and down than this is noise


def smoothed(lines: Sequence[Mapping[str, Any]], name: str, batch: int) -> dict[int, float]:
    """The running mean of a logged loss, by images; lines without it, or with none that is finite,
    are passed over."""
    found: dict[int, float] = {}
    mean = before = None
    for line in lines:
        value, images = line.get(name), int(line["images"])
        if value is None or not math.isfinite(value):
            continue
        if mean is None or before is None:
            mean = float(value)
        else:
            kept = SMOOTHED ** ((images - before) / batch)
            mean = kept * mean + (1 - kept) * float(value)
        before, found[images] = images, mean
    return found


def minima_of(values: Sequence[float], rise: float = RISE) -> tuple[list[int], int | None]:
    """Places of the local minima of a curve, and of what may become the next one: where it is now
    the lowest since it last fell, None while it rises. A fall or a rise counts from `rise` of the
    range of all values so far; the beginning of a curve is no minimum."""
    found: list[int] = []
    falling, turn = False, 0  # the place of the highest value, of the lowest one while it falls
    low = high = values[0] if values else 0.0
    for place, value in enumerate(values):
        low, high = min(low, value), max(high, value)
        least = rise * (high - low)
        if falling and value <= values[turn]:
            turn = place
        elif falling and value > values[turn] + least:
            found.append(turn)
            falling, turn = False, place
        elif not falling and value >= values[turn]:
            turn = place
        elif not falling and value < values[turn] - least:
            falling, turn = True, place
    return found, turn if falling else None


class Minima:
    """The minima of one run's loss, on its main process."""

    def __init__(
        self, run: Run, system: System, exported: Callable[[], dict[str, Any]], phase: str
    ) -> None:
        """`exported`: what the weights of the run hold now (`Training.exported`). Raises
        `UserError` for a phase that the system does not have."""
        names = [each.name for each in system.phases()]
        if phase not in names:
            raise UserError(
                f"trainer.minima={phase}: is no phase of the run{suggest(phase, names)}"
            )
        self.run, self.exported, self.phase = run, exported, phase
        self.batch = int(run.config["trainer"]["batch"])
        self.looked: list[int] = []  # images of the states that were saved
        self.found: list[int] = []  # of the minima

    def begin(self, images: int) -> None:
        """Go on from `images`: what an earlier try found beyond is found again."""
        content = files.run_minima(self.run.folder)
        if content is not None and content["phase"] == self.phase:
            self.looked = [int(at) for at in content["looked"] if at <= images]
            self.found = [int(at) for at in content["minima"] if at <= images]
        if images and images not in self.looked:
            self.look(images)

    def look(self, images: int) -> None:
        """The run was saved: keep its weights while its loss is the lowest since it last fell, and
        tell of a minimum that it has left."""
        self.looked = [at for at in self.looked if at < images] + [images]
        lines = StatsFile.read(self.run.folder / files.STATS)
        curve = smoothed(lines, f"{self.phase}/loss", self.batch)
        logged = sorted(curve)
        known = [(at, _last(logged, at)) for at in self.looked]
        places = [at for at, line in known if line is not None]
        values = [curve[line] for _, line in known if line is not None]
        minima, candidate = minima_of(values)
        before, self.found = self.found, [places[number] for number in minima]
        waiting = None if candidate is None else places[candidate]
        if waiting == images:
            checkpoint.save_weights(self.run.folder, images, kind=files.MINIMA, **self.exported())
        write_json(
            self.run.folder / files.MINIMA_FILE,
            {"phase": self.phase, "minima": self.found, "looked": self.looked},
        )
        for path in files.by_images(self.run.folder, files.MINIMA):
            if files.images_of(path) not in (*self.found, waiting):
                path.unlink(missing_ok=True)
        for number, at in enumerate(self.found, 1):
            if at not in before:
                say(
                    f"{self.run.name}: minimum {number} of the {self.phase}'s loss was at {at:,} "
                    f"images; run={self.run.folder}@{files.MINIMUM}{number}"
                )


def _last(logged: Sequence[int], images: int) -> int | None:
    """The last of the logged places up to so many images."""
    found = [at for at in logged if at <= images]
    return found[-1] if found else None
