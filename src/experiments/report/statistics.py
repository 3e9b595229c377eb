"""Means over seeds, and how sure a difference between two arms is.

A difference of two arms is measured on pairs: two runs that agree in everything else. Two things
make it unsure. Other seeds would give other differences; and all runs are scored on the same
finite number of pictures, which may favour one arm in every pair alike. With differences d_i of K
pairs, the interval is

    mean(d) +- sqrt(t² s² / K  +  z² c)

s²: the variance of d_i between pairs, t: the quantile of Student's distribution with K - 1 degrees
of freedom. Seeds are few, and a bootstrap over two or three of them gives intervals that are much
too narrow: it draws the same seed again and again, and never one that lies further out.
c: the covariance between pairs that comes from the pictures they share, by the bootstrap: the same
captions are drawn again for both sides and all pairs, and averages of columns made anew. Pictures
are many, so the normal quantile z does. (Each pair's own noise in its pictures is in s² already.)
The interval is never narrower than the bootstrap over pictures alone makes it: pairs that agree by
chance, as rounded scores do, prove nothing.
Where nothing varies, neither over pairs nor over pictures, nothing shows how far it could: there is
no interval then.
The two errors are independent: their squares add, each with its own quantile. This is the model
that Obuchowski and Rockette (1995) use for readers who all judge the same cases; their single
quantile with approximated degrees of freedom is too small for two or three pairs.

The tests simulate experiments: such 95 % intervals hold the truth in 95 % of them or somewhat more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from experiments.metric.confidence import t_quantile
from experiments.metric.samples import ScoreSamples
from experiments.terminal.line import number_of

TOO_FEW, NONE, HIGHER, LOWER = "too few to tell", "no difference to see", "higher", "lower"
ENOUGH = 3  # pairs (or seeds) from which on a verdict is given
AGREE = 1e-5  # of a score and of the pictures that it is the mean of
ROUNDED = 1e-12  # what is left of a width of zero
AT_ONCE = 2**21  # numbers that are drawn together, to bound memory


@dataclass(frozen=True)
class Summary:
    """Mean of `n` values and its standard error, None of a single one."""

    mean: float
    error: float | None
    n: int


@dataclass(frozen=True)
class Pair:
    """One score of two runs that agree in everything but what is compared.

    first_samples, second_samples: what `score_samples(folder)` gives of the two runs.
    seed: of both, for grouping by it.
    """

    first: float
    second: float
    first_samples: ScoreSamples | None = None
    second_samples: ScoreSamples | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Difference:
    """Second minus first, on average over pairs, with an interval; None where there is none.

    pairs: used. samples: pictures a run, 0 where those were unknown or of no use. verdict: one of
    TOO_FEW, NONE, HIGHER, LOWER (the second side's score). note: what a reader has to know, or "".
    """

    mean: float | None
    low: float | None
    high: float | None
    pairs: int
    samples: int
    verdict: str
    note: str


def summary(values: Sequence[float]) -> Summary:
    """Of one score over seeds. NaN where one value is."""
    n = len(values)
    assert n, "no values"
    error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else None
    return Summary(float(np.mean(values)), error, n)


def paired_difference(
    score: str,
    pairs: Sequence[Pair],
    by_seed: bool = False,
    confidence: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> Difference:
    """How much higher the second sides' `score` is.

    `by_seed`: pairs of one seed count as one, by their mean. What a seed does to both sides of a
    pair cancels in its difference; pairs of one seed (in a study that varies other settings, too)
    depend on each other only in so far as the seed changes the *effect*: where one lucky seed helps
    the second side under all other settings. Ask for it where that is to be expected (both sides
    begin with the same weights under all settings, say) and there are three seeds or more. Without
    it, how the effect varies over the other settings counts as noise as well.
    `draws`: of the bootstrap over pictures, which `seed` decides.
    """
    used = [pair for pair in pairs if math.isfinite(pair.first) and math.isfinite(pair.second)]
    notes = []
    if left := len(pairs) - len(used):
        notes.append(
            f"left out: {left} of {number_of(len(pairs), 'pair')}, whose scores are not finite"
        )
    if not used:
        return Difference(None, None, None, 0, 0, TOO_FEW, "; ".join([*notes, "there is no pair"]))
    groups = _groups(used, by_seed)
    units = np.array([np.mean([used[k].second - used[k].first for k in rows]) for rows in groups])
    pictures, reason = _differences(score, used)
    if reason:
        notes.append(reason)
    mean, count, covariance = float(units.mean()), len(units), None
    if pictures is not None:
        drawn = _bootstrap(pictures, draws, np.random.default_rng(seed))
        of_units = np.stack([drawn[:, rows].mean(1) for rows in groups])
        covariance = np.cov(of_units).reshape(count, count)
    half = _half_width(units, covariance, confidence)
    unit = "seed" if by_seed else "pair"
    constant = half is not None and half <= ROUNDED * max(1.0, abs(mean))
    if constant:
        half = None
        notes.append("the same in all that was compared, which shows nothing of how far it varies")
    elif half is None:
        notes.append(f"one {unit} alone, and nothing known of its pictures: no interval")
    elif count == 1:
        notes.append(f"one {unit} alone: an interval over pictures, which other seeds may leave")
    elif count < ENOUGH:
        notes.append(f"two {unit}s hardly show how much they vary: hence so wide an interval")
    low, high = (None, None) if half is None else (mean - half, mean + half)
    if constant and mean == 0 and count >= ENOUGH:
        verdict = NONE
    elif count < ENOUGH or low is None or high is None:
        verdict = TOO_FEW
    else:
        verdict = HIGHER if low > 0 else LOWER if high < 0 else NONE
    samples = 0 if pictures is None else pictures.shape[1]
    return Difference(mean, low, high, len(used), samples, verdict, "; ".join(notes))


def _half_width(
    units: np.ndarray, covariance: np.ndarray | None, confidence: float
) -> float | None:
    """Of the interval around the mean of `units` (K,); `covariance` (K, K) that pictures cause."""
    count, normal = len(units), NormalDist().inv_cdf((1 + confidence) / 2)
    least = 0.0 if covariance is None else normal**2 * float(covariance.mean())
    if count == 1:
        return None if covariance is None else math.sqrt(least)
    between = t_quantile(count - 1, confidence) ** 2 * float(units.var(ddof=1)) / count
    shared = 0.0
    if covariance is not None:
        shared = (covariance.sum() - np.trace(covariance)) / (count * (count - 1))
    return math.sqrt(max(between + normal**2 * max(shared, 0.0), least))


def _groups(pairs: Sequence[Pair], by_seed: bool) -> list[list[int]]:
    """Rows of pairs that count as one."""
    if not by_seed:
        return [[row] for row in range(len(pairs))]
    found: dict[int, list[int]] = {}
    for row, pair in enumerate(pairs):
        assert pair.seed is not None, "grouping by seed needs the seed of every pair"
        found.setdefault(pair.seed, []).append(row)
    return list(found.values())


def _differences(score: str, pairs: Sequence[Pair]) -> tuple[np.ndarray | None, str]:
    """(pairs, n, columns): what each picture adds to each difference, NaN where it does not count;
    or None, and why, where that is not simply unknown of this score."""
    sides = [(pair.first_samples, pair.first) for pair in pairs]
    sides += [(pair.second_samples, pair.second) for pair in pairs]
    captions, values = [], []
    for samples, told in sides:
        columns = None if samples is None else samples.of(score)
        if samples is None or columns is None:
            continue
        captions.append(samples.captions)
        values.append(columns.astype(float))
        if not abs(np.nanmean(values[-1], axis=0).mean() - told) <= AGREE:
            return None, "pictures left aside: they do not give the scores that they lie beside"
    if len(values) < len(sides):
        return None, "pictures left aside: not known of every run" if values else ""
    if not _all_equal(captions) or not _all_equal([np.isnan(columns) for columns in values]):
        return None, "pictures left aside: not of the same captions in every run"
    return np.stack(values[len(pairs) :]) - np.stack(values[: len(pairs)]), ""


def _all_equal(arrays: Sequence[np.ndarray]) -> bool:
    return all(np.array_equal(array, arrays[0]) for array in arrays)


def _bootstrap(pictures: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws, pairs): the differences with other pictures, the same ones for all pairs. A column
    of which a draw holds nothing is not part of its average; a draw of nothing at all is left out.
    """
    pairs, n, columns = pictures.shape
    known = ~np.isnan(pictures[0])
    values = np.nan_to_num(pictures).transpose(1, 0, 2).reshape(n, -1)
    parts = []
    for first in range(0, draws, max(1, AT_ONCE // n)):
        some = min(max(1, AT_ONCE // n), draws - first)
        rows = rng.integers(n, size=(some, n)) + n * np.arange(some)[:, None]
        times = np.bincount(rows.ravel(), minlength=some * n).reshape(some, n).astype(float)
        counts = times @ known
        means = (times @ values).reshape(some, pairs, columns) / np.maximum(counts, 1)[:, None]
        there = (counts > 0).sum(1)
        parts.append((means.sum(2) / np.maximum(there, 1)[:, None])[there > 0])
    return np.concatenate(parts)
