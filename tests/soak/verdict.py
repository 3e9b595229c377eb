"""Whether what a process holds stays flat: the slope with its interval, and steps of counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.machine.core import cores
from experiments.run.provenance import environment
from tests.soak.process_tree import MIB, Sample

BLOCKS = 20
STUDENT = 2.101  # 97.5 % quantile of Student's t with BLOCKS - 2 degrees of freedom

# MiB that memory may grow by, at the upper end of the interval. A week of training may cost 4 GiB,
# though here all that could leak happens twenty times as often as in a run; a study of a thousand
# runs may cost one.
BOUND = {"h": 24.0, "run": 1.0}
# What grows by design: statistics, sheets of samples and what a tracker keeps of them. Checkpoints
# are counted.
APPENDED = ("stats.jsonl", "samples", "wandb", "tensorboard", "trackio", "checkpoints")


@dataclass(frozen=True)
class Slope:
    """Growth a second or a job, and half the width of its 95 % confidence interval."""

    value: float
    half: float

    @property
    def low(self) -> float:
        return self.value - self.half

    @property
    def high(self) -> float:
        return self.value + self.half


def slope(times: Sequence[float], values: Sequence[float]) -> Slope:
    """Least squares over the medians of 20 blocks of equal length.

    What is measured every second goes up and down with evaluations and checkpoints, so neighbours
    are not independent; medians of blocks that are longer than those are, nearly.
    """
    assert len(times) == len(values) >= BLOCKS, f"needs {BLOCKS} samples or more"
    x, y = (
        np.array([np.median(part) for part in np.array_split(np.asarray(series, float), BLOCKS)])
        for series in (times, values)
    )
    centred = x - x.mean()
    spread = float(centred @ centred)
    value = float(centred @ y) / spread
    rest = y - y.mean() - value * centred
    error = np.sqrt(float(rest @ rest) / (BLOCKS - 2) / spread)
    return Slope(value, STUDENT * float(error))


def step(counts: Sequence[int]) -> int:
    """By how much a count grew for good: the highest floor of the second half over that of the
    first. A floor is the least of a block of a tenth: what opens and closes again is none, what
    opens once and stays is none where it is early, and what leaks raises every floor."""
    floors = [int(part.min()) for part in np.array_split(np.asarray(counts), 10) if len(part)]
    half = len(floors) // 2
    return max(floors[half:]) - max(floors[:half])


@dataclass(frozen=True)
class Growth:
    """What became of one process over a long time.

    unit: of time, "h" or "run"; rate: growth of memory in MiB a unit. `files`, `threads` and
    `processes`: by how many they grew. `checkpoints`: most files there at once, `keep` of which
    may stay; `disk`: MiB by kind of file at the start and the end.
    """

    what: str
    length: str
    memory: float
    rate: Slope
    unit: str
    files: int
    threads: int
    processes: int
    keep: int = 0
    checkpoints: int = 0
    disk: dict[str, tuple[float, float]] | None = None

    def problems(self) -> list[str]:
        """What grows that must not, a line each."""
        found, bound = [], BOUND[self.unit]
        if self.rate.high > bound:
            sure = self.rate.low > bound
            found.append(
                f"memory {'grows' if sure else 'may grow'} by {_text(self.rate)} MiB/{self.unit}, "
                f"more than {bound:g}{'' if sure else '; a longer time says it better'}"
            )
        for name in ("files", "threads", "processes"):
            if getattr(self, name) > 0:
                found.append(f"{getattr(self, name)} {name} more are open in its second half")
        if self.checkpoints > self.keep + 1:
            found.append(f"{self.checkpoints} checkpoints at once, trainer.keep={self.keep}")
        for kind, (first, last) in (self.disk or {}).items():
            if kind not in APPENDED and last > first * 1.01 + 0.1:
                found.append(f"{kind} grew from {first:.1f} to {last:.1f} MiB")
        return found

    def row(self) -> list[str]:
        """Of the table."""
        disk = [
            f"{kind} {first:.1f} → {last:.1f}"
            for kind, (first, last) in sorted((self.disk or {}).items())
        ]
        checkpoints = [f"at most {self.checkpoints} checkpoints at once"] if self.disk else []
        return [
            *(self.what, self.length, f"{self.memory:.0f} MiB"),
            f"{_text(self.rate)} MiB/{self.unit}",
            f"{BOUND[self.unit]:g} MiB/{self.unit}",
            *(f"{number:+d}" for number in (self.files, self.threads, self.processes)),
            "; ".join([*checkpoints, *[f"{text} MiB" for text in disk]]) or "not measured",
        ]


def grown(
    what: str,
    samples: Sequence[Sample],
    warm: float,
    unit: str,
    seconds: float,
    length: str,
    keep: int = 0,
) -> Growth:
    """What became of a process after `warm` seconds; `seconds` in a unit."""
    kept = [sample for sample in samples if sample.seconds >= warm]
    times, memory = [sample.seconds for sample in kept], [sample.memory for sample in kept]
    per_second = slope(times, memory)
    rate = Slope(per_second.value * seconds, per_second.half * seconds)
    counts = [[getattr(x, name) for x in kept] for name in ("handles", "threads", "processes")]
    kinds = {kind for sample in kept for kind in sample.disk}
    disk = {kind: (_most(kept[:20], kind), _most(kept[-20:], kind)) for kind in kinds}
    most = max(sample.checkpoints for sample in kept)
    tail = float(np.median(memory[-20:]))
    return Growth(what, length, tail, rate, unit, *map(step, counts), keep, most, disk or None)


def machine() -> str:
    """Processor, cores, Python and PyTorch: what a figure was measured on."""
    told = environment()
    cpu = f"{told['cpu']['model']}, {cores()} cores"
    return f"{cpu}, Python {told['python']}, PyTorch {told['packages']['torch']}"


def _most(samples: Sequence[Sample], kind: str) -> float:
    return max(sample.disk.get(kind, 0) for sample in samples) / MIB


def _text(rate: Slope) -> str:
    return f"{rate.value:+.2f} ± {rate.half:.2f}"
