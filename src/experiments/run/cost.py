"""What training cost: time, memory and, where the machine tells it, energy.

`Meter` measures them beside a run, for the lines of `stats.jsonl`; `cost_of` reads them back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.run.folder import STATS


@dataclass(frozen=True)
class Cost:
    """Of a run so far: training alone, without its samples, evaluations and checkpoints.

    seconds: of training. peak_memory: bytes of the largest process: of its GPU, else of its main
    memory, samples and evaluations included. energy: joules of the GPUs, else of the processors of
    the machine with all else that they did meanwhile, checkpoints included. None where nothing
    told it.
    """

    images: int
    seconds: float
    images_per_second: float
    peak_memory: int | None
    energy: float | None


def cost_of(folder: Path) -> Cost | None:
    """What a run says that it cost; None where it has logged nothing that tells.

    Work that was lost and done again is not counted. What was done between a log line and the
    checkpoint that a run was resumed from has no line: it counts as the rest.
    """
    from experiments.run.stats import StatsFile

    lines = [line for line in StatsFile.read(folder / STATS) if _number(line, "seconds") > 0]
    measured = sum(line["seconds"] * _number(line, "images_per_second") for line in lines)
    if not lines or not measured > 0:
        return None
    images = int(lines[-1]["images"])
    seconds = sum(line["seconds"] for line in lines)
    peaks = [line["peak_memory"] for line in lines if _number(line, "peak_memory") > 0]
    energy = sum(_number(line, "energy") for line in lines) * images / measured
    return Cost(
        images,
        seconds * images / measured,
        measured / seconds,
        int(max(peaks)) if peaks else None,
        energy if math.isfinite(energy) else None,
    )


def duration(seconds: float) -> str:
    """12 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def _number(line: dict[str, Any], name: str) -> float:
    value = line.get(name)
    return float(value) if isinstance(value, (int, float)) else math.nan
