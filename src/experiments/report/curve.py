"""Curves as SVG of our own: one chart for each logged term, all arms over each other.

Colours, dashes and widths are classes (`style.py`), so that a page decides how they look.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from experiments.metric.meaning import SHARES, headlines, number, plain_names
from experiments.report.record import Arm, Record

POINTS = 64  # of a line: more than a chart of this size can show
WIDTH, HEIGHT = 360, 200  # units of the drawing
LEFT, RIGHT, TOP, BOTTOM = 50, 8, 8, 22  # margins
FEW = 8  # arms up to which the range over seeds is drawn
PER_CENT = np.array([1.0, 100.0])
NOT_TERMS = ("images", "seconds", "peak_memory", "energy")


@dataclass(frozen=True)
class Line:
    """One arm's mean over seeds, with the lowest and highest seed. All (n,), by images."""

    arm: Arm
    images: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int


def terms_of(arms: Sequence[Arm]) -> list[str]:
    """Everything that was logged as a number, without what scores of real pictures repeat."""
    names: dict[str, None] = {}
    for arm in arms:
        for record in arm.records:
            for line in record.stats:
                numbers = (k for k, v in line.items() if isinstance(v, int | float))
                names |= dict.fromkeys(numbers)
    return [name for name in plain_names(names) if name not in NOT_TERMS]


def lines_of(term: str, arms: Sequence[Arm]) -> list[Line]:
    """A line for each arm that logged the term, if one of them did more than once.

    Of the runs that came to their end; of an arm that has none, of those that there are. Where
    runs logged more often than a chart shows, the mean of neighbours stands for them.
    """
    series = {arm.index: [_series(run, term) for run in _shown(arm.records)] for arm in arms}
    known = [s for runs in series.values() for s in runs if len(s)]
    if not known:
        return []
    if term.startswith(SHARES):
        known = [s * PER_CENT for s in known]
        series = {index: [s * PER_CENT for s in runs] for index, runs in series.items()}
    places = np.unique(np.concatenate([s[:, 0] for s in known]))
    if len(places) > POINTS:
        places = np.linspace(places[0], places[-1], POINTS + 1)
    else:
        places = np.append(places, places[-1] + 1)
    found = []
    for arm in arms:
        runs = [_binned(s, places) for s in series[arm.index] if len(s)]
        if not runs:
            continue
        stacked = np.stack(runs)  # (seeds, bins, 2)
        there = np.isfinite(stacked[..., 1]).all(axis=0)
        if not there.any():
            continue
        x, y = stacked[:, there, 0].mean(0), stacked[:, there, 1]
        found.append(Line(arm, x, y.mean(0), y.min(0), y.max(0), len(runs)))
    return found if any(len(line.images) > 1 for line in found) else []


def _shown(records: Iterable[Record]) -> list[Record]:
    listed = list(records)
    return [record for record in listed if record.member.finished] or listed


def _series(record: Record, term: str) -> np.ndarray:
    """(n, 2): images and value, finite ones."""
    rows = [
        (float(line["images"]), float(line[term]))
        for line in record.stats
        if isinstance(line.get(term), int | float) and math.isfinite(line[term])
    ]
    return np.array(rows).reshape(-1, 2)


def _binned(series: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(bins, 2): mean images and value in each bin, NaN in an empty one."""
    bins = np.clip(np.searchsorted(edges, series[:, 0], side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(bins, minlength=len(edges) - 1).astype(float)
    counts[counts == 0] = np.nan
    sums = [np.bincount(bins, series[:, k], len(edges) - 1) for k in (0, 1)]
    return np.stack([column / counts for column in sums], axis=1)


def chart(term: str, lines: Sequence[Line]) -> Markup:
    """The SVG of some lines. What a few wild values hide is cut: the axis then says so."""
    low, high, cut = _limits(lines)
    last = max(float(line.images[-1]) for line in lines)
    x = _Scale(0.0, last, LEFT, WIDTH - RIGHT)
    y = _Scale(low, high, HEIGHT - BOTTOM, TOP)
    values = np.concatenate([line.mean for line in lines])
    parts = [_axes(x, y, float(values[0]) if np.ptp(values) == 0 else None)]
    for line in lines:
        paths = ""
        if len(line.images) == 1:
            at = f'cx="{x(line.images[0]):.1f}" cy="{y(line.mean[0]):.1f}"'
            paths = f'<circle class="point" {at} r="2.5"/>'
        elif line.seeds > 1 and len(lines) <= FEW:
            ahead = _path(x(line.images), y(line.high))
            back = _path(x(line.images[::-1]), y(line.low[::-1]))
            paths = f'<path class="band" d="{ahead}L{back[1:]}z"/>'
        if len(line.images) > 1:
            paths += f'<path class="line" d="{_path(x(line.images), y(line.mean))}"/>'
        title = escape(f"{line.arm.name}: {number(float(line.mean[-1]))} at the end")
        parts.append(f'<g class="arm a{line.arm.index}"><title>{title}</title>{paths}</g>')
    ends = "; ".join(f"{line.arm.name} {number(float(line.mean[-1]))}" for line in lines[:FEW])
    said = escape(f"{term} by images. At the end: {ends}")
    note = f'<text class="cut" x="{WIDTH - RIGHT}" y="{TOP + 9}">peaks cut</text>'
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">'
        f"{''.join(parts)}{note if cut else ''}</svg>"
    )


class _Scale:
    """From values to units of the drawing; what lies outside is drawn at the edge."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, values: np.ndarray | float) -> np.ndarray:
        share = (np.asarray(values, dtype=float) - self.low) / (self.high - self.low)
        return self.start + np.clip(share, 0, 1) * (self.end - self.start)


def _limits(lines: Sequence[Line]) -> tuple[float, float, bool]:
    values = np.concatenate([np.concatenate([line.low, line.high]) for line in lines])
    if len(lines) > FEW:
        values = np.concatenate([line.mean for line in lines])
    low, high = float(values.min()), float(values.max())
    inner, outer = (float(v) for v in np.quantile(values, [0.02, 0.98]))
    cut = high - low > 4 * (outer - inner) > 0
    if cut:
        room = 0.15 * (outer - inner)
        low, high = max(low, inner - room), min(high, outer + room)
    room = 0.04 * (high - low) or 0.05 * abs(high) or 0.5
    return low - room, high + room, cut


def _path(x: np.ndarray, y: np.ndarray) -> str:
    """Steps from point to point, in tenths of a unit."""
    points = np.rint(np.stack([x, y], axis=1) * 10).astype(int)
    first = f"M{_tenths(points[0, 0])} {_tenths(points[0, 1])}l"
    steps = np.diff(points, axis=0)
    return first + " ".join(f"{_tenths(dx)} {_tenths(dy)}" for dx, dy in steps)


def _tenths(value: int) -> str:
    return f"{value / 10:g}"


def _axes(x: _Scale, y: _Scale, flat: float | None) -> str:
    bottom, parts = HEIGHT - BOTTOM, []
    for value in [flat] if flat is not None else ticks(y.low, y.high, 5):
        at = float(y(value))
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="y" x="{LEFT - 5}" y="{at + 3.5:.1f}">{brief(value)}</text>')
    for value in ticks(0, x.high, 4):
        at = float(x(value))
        parts.append(f'<text class="x" x="{at:.1f}" y="{bottom + 15}">{brief(value)}</text>')
    return "".join(parts)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round values within low and high, about so many: in steps of 1, 2, 2.5 or 5 and zeros."""
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


def brief(value: float) -> str:
    """A number in the room of an axis: 48k, 0.25."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{0.0 if abs(value) < 1e-12 else value:.3g}"


def grouped(terms: Sequence[str], scores: Sequence[str]) -> Mapping[str, list[str]]:
    """Terms by what they belong to: those that a reader looks at first, the other losses by their
    phase, then the evaluations."""
    evaluations = [term for term in terms if term in scores]
    first = [term for term in terms if term.endswith("/loss")]
    first += [term for term in headlines(scores) if term in evaluations]
    groups: dict[str, list[str]] = {"first": first}
    for term in terms:
        if term not in first:
            name = "evaluations" if term in scores else term.partition("/")[0]
            groups.setdefault(name if "/" in term else "speed", []).append(term)
    return groups
