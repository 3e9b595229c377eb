"""Means and paired differences: hand-worked numbers, invariances, and how often intervals hold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from experiments.metric.confidence import t_quantile
from experiments.metric.samples import ScoreSamples
from experiments.report.statistics import (
    HIGHER,
    LOWER,
    NONE,
    TOO_FEW,
    Pair,
    paired_difference,
    summary,
)

SCORE = "r_precision/independent"


def side(values: np.ndarray, first: int = 0) -> ScoreSamples:
    captions = np.arange(first, first + len(values), dtype=np.int64)
    return ScoreSamples(captions, {SCORE: values.astype(np.float32)}, {})


def told(values: np.ndarray) -> float:
    return float(np.nanmean(values.astype(np.float32).astype(float)))


def pair_of(first: np.ndarray, second: np.ndarray, seed: int = 0) -> Pair:
    return Pair(told(first), told(second), side(first), side(second), seed)


def experiment(rng: np.random.Generator, pairs: int, seeds: float, pictures: float) -> list[Pair]:
    """`pairs` of runs scored on the same 60 captions, whose true difference is 0.1: deviations of
    each pair, of each caption in all pairs alike, and of each picture (0.5)."""
    common = rng.normal(0, pictures, 60)
    found = []
    for _ in range(pairs):
        noise = rng.normal(0, 0.5, 60)
        found.append(pair_of(np.zeros(60), 0.1 + rng.normal(0, seeds) + common + noise))
    return found


def test_summary_by_hand() -> None:
    found = summary([1.0, 2.0, 4.0, 5.0])
    # Squares about 3: 4 + 1 + 1 + 4; over 3, over 4.
    assert (found.mean, found.n) == (3.0, 4)
    assert found.error == pytest.approx(math.sqrt(10 / 3 / 4))
    assert summary([0.5]).error is None and summary([0.5]).mean == 0.5


@pytest.mark.parametrize(
    ("freedom", "confidence", "expected"),
    [
        (1, 0.95, 12.7062),
        (2, 0.95, 4.30265),
        (3, 0.95, 3.18245),
        (4, 0.99, 4.60409),
        (5, 0.95, 2.57058),
        (17, 0.95, 2.10982),
        (1, 0.5, 1.0),
        (200, 0.95, 1.97190),
    ],
)
def test_quantiles_of_student(freedom: int, confidence: float, expected: float) -> None:
    assert t_quantile(freedom, confidence) == pytest.approx(expected, rel=1e-5)


def test_scores_alone_by_hand() -> None:
    pairs = [Pair(0.1, 0.4), Pair(0.2, 0.4), Pair(0.3, 0.4)]
    found = paired_difference("frechet/x", pairs)
    # Differences 0.3, 0.2, 0.1: variance 0.01, so 4.30265 sqrt(0.01 / 3).
    assert found.mean == pytest.approx(0.2)
    assert found.high == pytest.approx(0.2 + 0.248414, abs=1e-5)
    assert found.low == pytest.approx(0.2 - 0.248414, abs=1e-5)
    assert (found.pairs, found.samples, found.verdict, found.note) == (3, 0, NONE, "")
    sure = paired_difference("frechet/x", [Pair(1.0, 1.3), Pair(2.0, 2.31), Pair(0.5, 0.79)])
    assert sure.verdict == HIGHER and sure.low > 0.25


def test_few_pairs_are_not_judged() -> None:
    none, one, two = (paired_difference("frechet/x", [Pair(1.0, 2.0)] * n) for n in (0, 1, 2))
    assert none.verdict == one.verdict == two.verdict == TOO_FEW
    assert (none.mean, none.low, none.note) == (None, None, "there is no pair")
    assert (one.mean, one.low) == (1.0, None) and "no interval" in one.note
    assert (two.mean, two.low, two.high) == (1.0, None, None) and "the same in all" in two.note
    wide = paired_difference("frechet/x", [Pair(0.0, 1.0), Pair(0.0, 3.0)])
    # Variance 2, over 2 pairs 1.
    assert wide.high == pytest.approx(2 + 12.7062, rel=1e-5)
    assert "two pairs hardly show" in wide.note


def test_equal_answers_have_no_interval_of_width_zero() -> None:
    up, same = (paired_difference("frechet/x", [Pair(1.0, value)] * 3) for value in (1.5, 1.0))
    assert (up.mean, up.low, up.high, up.verdict) == (0.5, None, None, TOO_FEW)
    assert (same.mean, same.low, same.high, same.verdict) == (0.0, None, None, NONE)
    alike = paired_difference(SCORE, [pair_of(np.zeros(9), np.ones(9))] * 3)
    assert (alike.mean, alike.low, alike.verdict) == (1.0, None, TOO_FEW)
    assert "shows nothing of how far it varies" in alike.note


def test_one_pair_has_an_interval_over_its_pictures() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 2, (2, 400))
    found = paired_difference(SCORE, [pair_of(first, second)], draws=4000)
    error = (second - first).std() / math.sqrt(400)
    assert found.mean == pytest.approx((second - first).mean())
    assert found.high - found.mean == pytest.approx(1.96 * error, rel=0.05)
    assert found.samples == 400 and found.verdict == TOO_FEW
    assert "other seeds may leave" in found.note


def test_swapped_sides_flip_the_sign_and_a_common_shift_changes_nothing() -> None:
    pairs = experiment(np.random.default_rng(1), 4, 0.1, 0.2)
    found = paired_difference(SCORE, pairs)
    swapped = paired_difference(
        SCORE, [Pair(p.second, p.first, p.second_samples, p.first_samples) for p in pairs]
    )
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))
    shift = np.random.default_rng(2).integers(0, 4, 60)  # what all methods find easy or hard
    shifted = []
    for pair in pairs:
        both = [s.columns[SCORE] + shift for s in (pair.first_samples, pair.second_samples)]
        shifted.append(pair_of(*both))
    moved = paired_difference(SCORE, shifted)
    assert (moved.mean, moved.low) == pytest.approx((found.mean, found.low), abs=1e-5)
    assert paired_difference(SCORE, pairs) == found
    assert paired_difference(SCORE, pairs, seed=1) != found


def test_pairs_that_agree_by_chance_prove_nothing() -> None:
    """Of twelve pictures two more hits and one less, other ones each time."""
    change = np.array([1, 1, -1] + [0] * 9)
    pairs = [pair_of(np.zeros(12), np.roll(change, 3 * place)) for place in range(3)]
    found = paired_difference(SCORE, pairs, draws=4000)
    # The mean over pairs is ±1/3 in nine pictures of twelve: 1/12 less the square of its mean.
    error = math.sqrt((1 / 12 - 1 / 144) / 12)
    assert found.mean == pytest.approx(1 / 12) and found.verdict == NONE
    assert found.high - found.mean == pytest.approx(1.96 * error, rel=0.05)
    bare = paired_difference(SCORE, [Pair(pair.first, pair.second) for pair in pairs])
    assert bare.verdict == TOO_FEW and bare.low is None  # equal scores alone say nothing


def test_verdicts_have_a_direction() -> None:
    rng = np.random.default_rng(3)
    higher = [pair_of(np.zeros(300), rng.normal(0.3, 0.5, 300)) for _ in range(3)]
    lower = [Pair(p.second, p.first, p.second_samples, p.first_samples) for p in higher]
    assert paired_difference(SCORE, higher).verdict == HIGHER
    assert paired_difference(SCORE, lower).verdict == LOWER


def test_an_average_of_columns_is_made_anew_in_every_draw() -> None:
    """Two attributes that few captions state: their means weigh alike, whatever they rest on."""
    rng = np.random.default_rng(4)
    stated = np.stack([rng.random(500) < 0.9, rng.random(500) < 0.2], 1)
    names = ["attribute_accuracy/crown", "attribute_accuracy/tail"]

    def run(share: float) -> tuple[float, ScoreSamples]:
        hits = np.where(stated, rng.random((500, 2)) < share, np.nan).astype(np.float32)
        columns = dict(zip(names, hits.T, strict=True))
        score = float(np.nanmean(hits.astype(float), 0).mean())
        return score, ScoreSamples(np.arange(500), columns, {"attribute_accuracy/mean": names})

    (a, first), (b, second) = run(0.5), run(0.6)
    found = paired_difference("attribute_accuracy/mean", [Pair(a, b, first, second)], draws=4000)
    assert found.mean == pytest.approx(b - a)
    parts = [second.columns[name] - first.columns[name] for name in names]
    errors = [np.nanvar(part) / np.isfinite(part).sum() for part in parts]
    assert found.high - found.mean == pytest.approx(1.96 * math.sqrt(sum(errors)) / 2, rel=0.1)


def test_pictures_that_do_not_fit_are_left_aside_and_that_is_said() -> None:
    pairs = experiment(np.random.default_rng(5), 3, 0.1, 0.5)
    whole = paired_difference(SCORE, pairs)
    bare = paired_difference(SCORE, [Pair(p.first, p.second) for p in pairs])
    assert whole.samples == 60 and bare.samples == 0 and bare.note == ""
    assert whole.high > bare.high  # what the pictures share is no part of the spread of seeds
    other = side(pairs[0].second_samples.columns[SCORE], first=7)
    for spoilt, reason in (
        (replace(pairs[0], second_samples=other), "same captions"),
        (replace(pairs[0], second_samples=None), "not known of every run"),
        (replace(pairs[0], second=pairs[0].second + 0.01), "do not give the scores"),
    ):
        found = paired_difference(SCORE, [spoilt, *pairs[1:]])
        assert found.samples == 0 and reason in found.note
    missing = paired_difference(SCORE, [*pairs, Pair(math.nan, 1.0)])
    assert missing.pairs == 3 and "1 of 4 pairs" in missing.note
    assert (missing.low, missing.high) == (whole.low, whole.high)


def test_pairs_of_one_seed_count_as_one() -> None:
    pairs = [
        Pair(0.0, difference, seed=seed)
        for seed, differences in enumerate([(0.1, 0.3), (0.2, 0.2), (0.5, 0.7)])
        for difference in differences
    ]
    found = paired_difference("frechet/x", pairs, by_seed=True)
    alone = paired_difference("frechet/x", [Pair(0.0, mean) for mean in (0.2, 0.2, 0.6)])
    assert (found.mean, found.low, found.high) == pytest.approx((alone.mean, alone.low, alone.high))
    assert found.pairs == 6
    two = paired_difference("frechet/x", pairs[2:], by_seed=True)
    assert two.verdict == TOO_FEW and "two seeds" in two.note


@pytest.mark.parametrize("pairs", [2, 3, 6, 18])
@pytest.mark.parametrize(("seeds", "pictures"), [(0.1, 0.0), (0.0, 1.0), (0.1, 0.7)])
def test_intervals_hold_the_truth(pairs: int, seeds: float, pictures: float) -> None:
    rng = np.random.default_rng(pairs)
    held = 0
    for _ in range(300):
        found = paired_difference(SCORE, experiment(rng, pairs, seeds, pictures), draws=100)
        held += found.low <= 0.1 <= found.high
    assert held / 300 > 0.915  # 0.95, less almost three standard errors
    if not pictures and pairs > 2:
        assert held / 300 < 0.99  # and not by being needlessly wide
