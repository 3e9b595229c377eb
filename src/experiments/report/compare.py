"""What runs answer: how the scores change with each thing that varies, and which arm is best."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from experiments.metric import meaning as scores
from experiments.report.record import Arm, Record, short_names
from experiments.report.statistics import (
    HIGHER,
    LOWER,
    NONE,
    TOO_FEW,
    Difference,
    Pair,
    paired_difference,
    summary,
)
from experiments.terminal.line import number_of

ALL_PAIRS = 3  # levels of a factor up to which each is set beside every other
BETTER, WORSE = "better", "worse"
CLEAR = (BETTER, WORSE, HIGHER, LOWER)


@dataclass(frozen=True)
class Factor:
    """What varies: a key, or several that always change together, and its levels."""

    keys: tuple[str, ...]
    name: str
    levels: tuple[tuple[str, ...], ...]

    def level(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(settings[key] for key in self.keys)


@dataclass(frozen=True)
class Contrast:
    """One score on two sides. first, second: their mean over the pairs. `why`: why no difference
    could be taken, where `difference` has none."""

    score: str
    left: str
    right: str
    first: float | None
    second: float | None
    difference: Difference

    @property
    def verdict(self) -> str:
        """In words: `better` and `worse` where a score says which way that is."""
        word, good = self.difference.verdict, scores.better(self.score)
        if word not in (HIGHER, LOWER) or good is None:
            return word
        return BETTER if word == good else WORSE


def factors_of(arms: Sequence[Arm]) -> list[Factor]:
    """What varies between arms. Keys that always change together are one factor: nothing tells
    which of them it was."""
    keys = list(dict.fromkeys(key for arm in arms for key in arm.settings))
    columns = {key: [arm.settings.get(key, "") for arm in arms] for key in keys}
    groups: list[list[str]] = []
    for key in keys:
        if len(set(columns[key])) < 2:
            continue
        for group in groups:
            together = set(zip(columns[group[0]], columns[key], strict=True))
            if len(together) == len(set(columns[group[0]])) == len(set(columns[key])):
                group.append(key)
                break
        else:
            groups.append([key])
    short = short_names(keys)
    return [
        Factor(
            tuple(group),
            " and ".join(short[key] for key in group),
            tuple(dict.fromkeys(zip(*(columns[key] for key in group), strict=True))),
        )
        for group in groups
    ]


def contrasts(
    factor: Factor, arms: Sequence[Arm], names: Sequence[str], options: Mapping[str, Any]
) -> Iterator[list[Contrast]]:
    """For every two levels that are set beside each other: a contrast for each score, over all runs
    that agree in everything else."""
    levels = factor.levels
    couples = list(itertools.combinations(levels, 2))
    if len(levels) > ALL_PAIRS:
        couples = [(levels[0], level) for level in levels[1:]]
    runs: dict[tuple[Any, ...], dict[tuple[str, ...], Record]] = {}
    for arm in arms:
        rest = tuple(item for item in arm.settings.items() if item[0] not in factor.keys)
        for record in arm.records:
            runs.setdefault((rest, record.seed), {})[factor.level(arm.settings)] = record
    for left, right in couples:
        pairs = [of[left] for of in runs.values() if left in of and right in of]
        others = [of[right] for of in runs.values() if left in of and right in of]
        found = list(zip(pairs, others, strict=True))
        yield [
            contrast(name, " and ".join(left), " and ".join(right), found, options)
            for name in names
        ]


def against(
    reference: Arm, arm: Arm, names: Sequence[str], options: Mapping[str, Any]
) -> list[Contrast]:
    """An arm beside another one: a contrast for each score, over the seeds that both have."""
    theirs = {record.seed: record for record in reference.records}
    pairs = [(theirs[run.seed], run) for run in arm.records if run.seed in theirs]
    return [contrast(name, reference.name, arm.name, pairs, options) for name in names]


def contrast(
    name: str,
    left: str,
    right: str,
    couples: Sequence[tuple[Record, Record]],
    options: Mapping[str, Any],
) -> Contrast:
    """Second minus first over pairs of runs. Runs that were measured differently make no pair."""
    known = [(a, b) for a, b in couples if name in a.result and name in b.result]
    alike = [(a, b) for a, b in known if a.measured_as(name) == b.measured_as(name)]
    pairs = [Pair(a.scores[name], b.scores[name], a.samples, b.samples, a.seed) for a, b in alike]
    difference = paired_difference(
        name, pairs, confidence=float(options["confidence"]), draws=int(options["resamples"])
    )
    if len(alike) < len(known):
        note = (
            f"left out: {number_of(len(known) - len(alike), 'pair')}, whose sides were "
            "measured differently"
        )
        difference = replace(difference, note="; ".join(filter(None, [note, difference.note])))
    first = summary([pair.first for pair in pairs]).mean if pairs else None
    second = summary([pair.second for pair in pairs]).mean if pairs else None
    return Contrast(name, left, right, first, second, difference)


@dataclass(frozen=True)
class Best:
    """Whether one arm is best by a score. `contrast`: the best one beside the next one."""

    score: str
    arm: Arm
    next: Arm
    contrast: Contrast

    @property
    def clear(self) -> bool:
        return self.contrast.verdict == BETTER


def best_of(arms: Sequence[Arm], name: str, options: Mapping[str, Any]) -> Best | None:
    """The two best arms by their means; None with fewer than two, or where no way is better."""
    way = scores.better(name)
    scored = [arm for arm in arms if arm.values(name)]
    if way is None or len(scored) < 2:
        return None
    sign = 1 if way == "lower" else -1
    first, second, *_ = sorted(scored, key=lambda arm: sign * summary(arm.values(name)).mean)
    return Best(name, first, second, against(second, first, [name], options)[0])


def sentence(rows: Sequence[Contrast], factor: str) -> str:
    """What the contrasts of two levels say: what got better, worse, and what cannot be told."""
    said: dict[str, list[str]] = {}
    for row in rows:
        said.setdefault(row.verdict, []).append(_told(row))
    beginning = f"{factor} {rows[0].right} instead of {rows[0].left}: "
    if len(said) == 1 and len(rows) > 1 and (NONE in said or TOO_FEW in said):
        few = "too few runs to tell" if TOO_FEW in said else "no difference to see"
        return f"{beginning}{few} in any of {number_of(len(rows), 'score')}."
    told = [f"{verdict} in {listed(said[verdict])}" for verdict in CLEAR if verdict in said]
    if NONE in said:
        told.append(f"no difference to see in {listed(said[NONE])}")
    if TOO_FEW in said:
        told.append(f"too few runs to tell for {listed(said[TOO_FEW])}")
    return beginning + "; ".join(told) + "."


def _told(row: Contrast) -> str:
    title, mean = scores.title(row.score), row.difference.mean
    if row.verdict not in CLEAR or mean is None:
        return title
    unit = scores.unit(row.score)
    return " ".join(filter(None, [title, scores.change(row.score, mean), unit]))


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
