"""The answers of a report, as its page, its markdown and its tables show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from experiments.metric import meaning as scores
from experiments.report.compare import (
    BETTER,
    WORSE,
    Best,
    Contrast,
    Factor,
    against,
    best_of,
    contrasts,
    factors_of,
    listed,
    sentence,
)
from experiments.report.record import Arm
from experiments.report.statistics import HIGHER, LOWER, NONE, TOO_FEW, summary
from experiments.terminal.line import number_of


@dataclass(frozen=True)
class FactorAnswer:
    """What a factor does. columns: for each two levels a contrast by score; silent: levels that no
    two runs differ in alone."""

    factor: Factor
    columns: list[list[Contrast]]
    silent: list[str]

    @property
    def sentences(self) -> list[str]:
        """One for each two levels; one for all of them where nothing can be told of any."""
        kinds = {item.verdict for column in self.columns for item in column}
        if len(self.columns) > 1 and len(kinds) == 1 and kinds <= {NONE, TOO_FEW}:
            few = "too few runs to tell" if kinds == {TOO_FEW} else "no difference to see"
            count = f"any of {number_of(len(self.columns[0]), 'score')}"
            return [f"{self.factor.name}: {few} between any of these levels in {count}."]
        return [sentence(column, self.factor.name) for column in self.columns]


@dataclass(frozen=True)
class Answers:
    """Everything that was worked out. `names`: the headline scores; `differences`: every arm beside
    the first."""

    names: list[str]
    factors: list[FactorAnswer]
    best: list[Best]
    differences: list[tuple[Arm, list[Contrast]]]


def answers_of(arms: Sequence[Arm], options: Mapping[str, Any]) -> Answers:
    """All comparisons of the headline scores."""
    known = dict.fromkeys(name for arm in arms for run in arm.records for name in run.result)
    names = scores.headlines(known)
    found = []
    for factor in factors_of(arms):
        columns, silent = [], []
        for column in contrasts(factor, arms, names, options):
            if any(item.difference.pairs for item in column):
                columns.append(column)
            elif column:
                silent.append(f"{column[0].right} and {column[0].left}")
        found.append(FactorAnswer(factor, columns, silent))
    best = [item for name in names if (item := best_of(arms, name, options))]
    differences = (
        [(arm, against(arms[0], arm, names, options)) for arm in arms[1:]] if names else []
    )
    return Answers(names, found, best, differences)


def best_told(answers: Answers) -> list[str]:
    """A sentence for each score that has a best arm, and one for those that have none."""
    lines = [
        f"{scores.title(best.score)}: {best.arm.name} is best ({_mean(best.arm, best.score)}), "
        f"before {best.next.name} ({_mean(best.next, best.score)})."
        for best in answers.best
        if best.clear
    ]
    unclear: dict[str, list[str]] = {}
    for best in answers.best:
        if not best.clear:
            told = f"{scores.title(best.score)} ({best.arm.name}, then {best.next.name})"
            unclear.setdefault(best.contrast.difference.verdict, []).append(told)
    if len(unclear) == 1 and not lines:
        return [f"No arm is clearly best by any score: {_between(*unclear)}."]
    for verdict, those in unclear.items():
        lines.append(f"No arm is clearly best by {listed(those)}: {_between(verdict)}.")
    return lines


def _between(verdict: str) -> str:
    if verdict == TOO_FEW:
        return "too few seeds to tell the first two apart"
    return "the first two cannot be told apart"


def _mean(arm: Arm, name: str) -> str:
    return scores.shown(name, summary(arm.values(name)).mean)


def caution(answers: Answers, confidence: float) -> str | None:
    """How many intervals there are, and how many of them miss by chance."""
    count = sum(
        item.difference.low is not None
        for part in answers.factors
        for column in part.columns
        for item in column
    )
    misses = (1 - confidence) * count
    if misses < 1:
        return None
    return (
        f"{count} intervals at {100 * confidence:g}\u00a0%: about {misses:.0f} of them "
        f"{'miss' if round(misses) > 1 else 'misses'} the truth by chance alone."
    )


def change(item: Contrast) -> str:
    """`+3.1 points`, or a dash."""
    mean = item.difference.mean
    if mean is None:
        return "–"
    told = scores.change(item.score, mean, _scale(item))
    return " ".join(filter(None, [told, scores.unit(item.score)]))


def interval(item: Contrast) -> str:
    """`+1.2 to +5.0`, or nothing."""
    low, high = item.difference.low, item.difference.high
    if low is None or high is None:
        return ""
    return " to ".join(scores.change(item.score, end, _scale(item)) for end in (low, high))


def _scale(item: Contrast) -> float | None:
    """The size of what can be told: half of the interval, or less where an end of it would read as
    zero and is not."""
    low, high = item.difference.low, item.difference.high
    if low is None or high is None or low == high:
        return None
    nearest = min(abs(low), abs(high))
    return min((high - low) / 2, 10 * nearest) if low * high > 0 else (high - low) / 2


def counted(item: Contrast) -> str:
    """`6 pairs, 500 pictures`."""
    pairs, pictures = item.difference.pairs, item.difference.samples
    return number_of(pairs, "pair") + (f", {pictures:,} pictures" if pictures else "")


def counted_alike(items: Sequence[Contrast]) -> str:
    """What stands under a heading of some differences: how many pairs they are of."""
    pairs = sorted({item.difference.pairs for item in items})
    most = max(items, key=lambda item: (item.difference.pairs, item.difference.samples))
    return counted(most) if len(pairs) == 1 else f"up to {counted(most)}"


def heads(part: FactorAnswer) -> list[str]:
    """What is set beside what."""
    return [f"{column[0].right} instead of {column[0].left}" for column in part.columns]


def way(name: str) -> str:
    """`higher is better`."""
    better = scores.better(name)
    return f"{better} is better" if better else ""


def kind(item: Contrast) -> str:
    """The class that gives a verdict its colour."""
    plain = {BETTER: "better", WORSE: "worse", HIGHER: "clear", LOWER: "clear"}
    return plain.get(item.verdict, "unclear")


def bar(item: Contrast, beside: Sequence[Contrast]) -> Markup:
    """The interval as a line, zero in the middle, on one scale with others of its score."""
    low, mean, high = item.difference.low, item.difference.mean, item.difference.high
    if mean is None:
        return Markup()
    ends = [
        abs(value)
        for other in beside
        if other.score == item.score
        for value in (other.difference.low, other.difference.high, other.difference.mean)
        if value is not None
    ]
    reach = max(ends) or 1.0

    def at(value: float) -> str:
        return f"{60 + 56 * value / reach:.1f}"

    line = "" if low is None or high is None else f'<path d="M{at(low)} 7H{at(high)}"/>'
    dot = f'<circle cx="{at(mean)}" cy="7" r="3.2"/>'
    said = escape(f"{change(item)}, interval {interval(item) or 'unknown'}")
    return Markup(
        f'<svg class="bar {kind(item)}" viewBox="0 0 120 14" role="img" aria-label="{said}">'
        f'<path class="zero" d="M60 0V14"/>{line}{dot}</svg>'
    )
