from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.report.curve import POINTS, brief, chart, grouped, lines_of, terms_of, ticks
from experiments.report.member import Member
from experiments.report.record import Arm, Record


def arm(*runs: list[dict[str, Any]], index: int = 0, finished: bool = True) -> Arm:
    members = [Member(Path("x"), {}, k, "", None, finished) for k in range(len(runs))]
    records = [Record(member, stats=stats) for member, stats in zip(members, runs, strict=True)]
    return Arm((f"arm {index}",), index, {}, records)


def logged(*values: float, name: str = "generator/loss") -> list[dict[str, Any]]:
    return [{"images": 10 * (k + 1), name: value} for k, value in enumerate(values)]


def test_a_line_is_the_mean_over_seeds_between_the_lowest_and_the_highest() -> None:
    (line,) = lines_of("generator/loss", [arm(logged(1, 2, 3), logged(3, 6, 5))])

    assert line.images.tolist() == [10, 20, 30]
    assert line.mean.tolist() == [2, 4, 4]
    assert (line.low.tolist(), line.high.tolist(), line.seeds) == ([1, 2, 3], [3, 6, 5], 2)


def test_what_one_seed_did_not_reach_is_no_mean_of_the_others() -> None:
    (line,) = lines_of("generator/loss", [arm(logged(1, 2, 3), logged(3, 6))])

    assert line.images.tolist() == [10, 20]


def test_values_that_are_not_finite_are_gaps() -> None:
    (line,) = lines_of("generator/loss", [arm(logged(1, float("nan"), 3))])

    assert line.mean.tolist() == [1, 3]


def test_many_values_are_put_together() -> None:
    values = [float(k) for k in range(1000)]
    (line,) = lines_of("generator/loss", [arm(logged(*values))])

    assert len(line.mean) == POINTS
    assert np.isclose(line.mean.mean(), np.mean(values), rtol=0.01)
    assert (np.diff(line.mean) > 0).all()


def test_runs_that_stopped_do_not_pull_the_curve_of_those_that_did_not() -> None:
    both = arm(logged(1, 2), logged(9, 9))
    stopped = Member(Path("x"), {}, 1, "")
    mixed = Arm(both.parts, 0, {}, [both.records[0], Record(stopped, stats=logged(9, 9))])

    assert lines_of("generator/loss", [mixed])[0].mean.tolist() == [1, 2]


def test_shares_are_per_cent() -> None:
    (line,) = lines_of("r_precision/damsm", [arm(logged(0.1, 0.25, name="r_precision/damsm"))])

    assert line.mean.tolist() == [10, 25] and line.images.tolist() == [10, 20]


def test_a_term_that_was_logged_once_has_no_curve() -> None:
    assert lines_of("generator/loss", [arm(logged(1)), arm(logged(2), index=1)]) == []


def test_positions_and_costs_are_no_terms() -> None:
    line = {"images": 1, "seconds": 2.0, "peak_memory": 3, "a/loss": 1.0, "frechet/x/real": 1.0}

    assert terms_of([arm([line])]) == ["a/loss"]


def test_terms_are_grouped_losses_and_headlines_first() -> None:
    terms = ["generator/kl", "generator/loss", "images_per_second", "frechet/x", "kernel/x"]

    assert grouped(terms, ["frechet/x", "kernel/x"]) == {
        "first": ["generator/loss", "frechet/x"],
        "generator": ["generator/kl"],
        "speed": ["images_per_second"],
        "evaluations": ["kernel/x"],
    }


def test_a_wild_value_does_not_flatten_the_rest() -> None:
    values = [1.0 + 0.01 * k for k in range(59)]
    lines = lines_of("generator/loss", [arm(logged(1000.0, *values))])

    drawing = chart("generator/loss", lines)

    assert "peaks cut" in drawing and ">1k<" not in drawing
    assert "peaks cut" not in chart("x", lines_of("generator/loss", [arm(logged(*values))]))


def test_names_are_escaped() -> None:
    made = arm(logged(1, 2))
    hostile = Arm(("<script>alert(1)</script>",), 0, {}, made.records)

    drawing = chart('"><script>', lines_of("generator/loss", [hostile]))

    assert "<script" not in drawing and "&lt;script&gt;" in drawing


@pytest.mark.parametrize(
    ("low", "high", "count", "values"),
    [
        (0, 100, 4, [0, 25, 50, 75, 100]),
        (3.6, 5.7, 5, [4, 4.5, 5, 5.5]),
        (-0.02, 0.11, 5, [0, 0.05, 0.1]),
    ],
)
def test_ticks_are_round(low: float, high: float, count: int, values: list[float]) -> None:
    assert np.allclose(ticks(low, high, count), values)


def test_numbers_of_an_axis_are_brief() -> None:
    assert [brief(v) for v in (48000, 1.5e6, 0.25, 0)] == ["48k", "1.5M", "0.25", "0"]


def test_a_term_that_never_changes_has_its_value_on_the_axis_alone() -> None:
    drawing = chart("lr", lines_of("generator/loss", [arm(logged(0.001, 0.001, 0.001))]))

    assert drawing.count('class="y"') == 1 and ">0.001<" in drawing
