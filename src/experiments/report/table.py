"""The tables of a page: what arms scored, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.metric import meaning as scores
from experiments.report.answers import Answers
from experiments.report.plain import besides
from experiments.report.record import Arm, Record
from experiments.report.statistics import summary
from experiments.run.cost import Cost
from experiments.terminal.line import duration, number_of


@dataclass(frozen=True)
class Cell:
    text: str
    best: bool = False
    seeds: int | None = None  # where they are fewer than the arm's


@dataclass(frozen=True)
class Table:
    """Arms by scores."""

    title: str
    names: list[str]
    rows: list[tuple[Arm, list[Cell]]]
    besides: list[tuple[str, list[str]]]


def score_tables(arms: Sequence[Arm], answers: Answers, names: Sequence[str]) -> list[Table]:
    """The headline scores, then all others by what they measure."""
    clear = {best.score: best.arm.index for best in answers.best if best.clear}
    groups: dict[str, list[str]] = {"": answers.names}
    for name in names:
        if name not in answers.names:
            groups.setdefault(name.partition("/")[0], []).append(name)
    tables = []
    for title, some in groups.items():
        if not some:
            continue
        rows = [(arm, [_cell(arm, name, clear) for name in some]) for arm in arms]
        tables.append(Table(title.replace("_", " "), list(some), rows, besides(arms, some)))
    return tables


def _cell(arm: Arm, name: str, clear: Mapping[str, int]) -> Cell:
    values = arm.values(name)
    if not values:
        return Cell("–")
    found = summary(values)
    return Cell(
        scores.shown(name, found.mean, found.error),
        clear.get(name) == arm.index,
        found.n if found.n != arm.finished else None,
    )


def costs_of(arms: Sequence[Arm]) -> list[tuple[Arm, dict[str, str]]]:
    rows = []
    for arm in arms:
        found = [record.cost for record in arm.records if record.cost is not None]
        rows.append((arm, _cost(found)))
    return rows


def _cost(found: Sequence[Cost]) -> dict[str, str]:
    """Means over runs, in words."""
    if not found:
        return {}

    def mean(key: str) -> float | None:
        values = [getattr(cost, key) for cost in found if getattr(cost, key) is not None]
        return sum(values) / len(values) if values else None

    memory, energy = mean("peak_memory"), mean("energy")
    row = {
        "images": f"{mean('images'):,.0f}",
        "images/s": scores.number(mean("images_per_second") or 0.0, 3),
        "training time": duration(mean("seconds") or 0.0),
    }
    if memory is not None:
        row["peak memory"] = f"{scores.number(memory / 2**30, 3)} GiB"
    if energy is not None:
        row["energy"] = f"{scores.number(energy / 3600, 3)} Wh"
    return row


def total_of(records: Sequence[Record]) -> str | None:
    seconds = [record.cost.seconds for record in records if record.cost is not None]
    if not seconds:
        return None
    return f"{duration(sum(seconds))} of training in {number_of(len(seconds), 'run')}"
