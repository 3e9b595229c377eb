from __future__ import annotations

from typing import Any

import pytest

from experiments.report.answers import answers_of, best_told, interval
from experiments.report.compare import contrasts, factors_of
from experiments.report.member import Member
from experiments.report.record import Arm, Record, arms_of, read
from experiments.report.statistics import NONE, TOO_FEW

OPTIONS = {"confidence": 0.95, "resamples": 200}
COLOUR, FRECHET = "attribute_accuracy/colour", "frechet/classifier"


def arms(runs: Any, table: dict[tuple[str, ...], list[float]], *keys: str) -> list[Arm]:
    """Arms by their settings, with the colour score of each seed."""
    members = [
        runs.member(
            f"{'-'.join(row)}-{seed}",
            dict(zip(keys, row, strict=True)),
            seed,
            scores={COLOUR: score},
        )
        for row, values in table.items()
        for seed, score in enumerate(values)
    ]
    return arms_of([read(member) for member in members])


def test_a_difference_is_taken_over_runs_that_agree_in_everything_else(runs: Any) -> None:
    made = arms(
        runs,
        {
            ("0", "1"): [0.10, 0.20],
            ("0", "2"): [0.30, 0.40],
            ("5", "1"): [0.15, 0.26],
            ("5", "2"): [0.36, 0.45],
        },
        "loss.damsm.weight",
        "system.steps",
    )
    weight, steps = factors_of(made)

    ((found,),) = contrasts(weight, made, [COLOUR], OPTIONS)

    # 0.05, 0.06, 0.06, 0.05: mean 0.055, standard deviation 0.005773, t(3) = 3.182, root of 4 pairs
    assert found.difference.pairs == 4 and (found.left, found.right) == ("0", "5")
    assert found.difference.mean == pytest.approx(0.055)
    assert found.difference.low == pytest.approx(0.055 - 3.182 * 0.0057735 / 2, abs=1e-5)
    assert (found.first, found.second) == (pytest.approx(0.25), pytest.approx(0.305))
    assert found.verdict == "better" and interval(found) == "+4.6 to +6.4"
    assert (weight.name, steps.name) == ("damsm.weight", "steps")


def test_a_lower_distance_is_better(runs: Any) -> None:
    members = [
        runs.member(f"{w}-{s}", {"w": w}, s, scores={FRECHET: value + s * value / 100})
        for w, value in (("0", 200.0), ("5", 100.0))
        for s in range(3)
    ]

    (column,) = contrasts(*_one(members), [FRECHET], OPTIONS)

    assert column[0].difference.mean == -101 and column[0].verdict == "better"


def _one(members: list[Member]) -> tuple[Any, list[Arm]]:
    made = arms_of([read(member) for member in members])
    (factor,) = factors_of(made)
    return factor, made


def test_up_to_three_levels_meet_each_other_and_more_meet_the_first(runs: Any) -> None:
    three = arms(runs, {(k,): [0.1] for k in "abc"}, "key")
    assert _sides(three) == [("a", "b"), ("a", "c"), ("b", "c")]
    four = arms(runs, {(k,): [0.1] for k in "defg"}, "key")
    assert _sides(four) == [("d", "e"), ("d", "f"), ("d", "g")]


def _sides(made: list[Arm]) -> list[tuple[str, str]]:
    columns = contrasts(factors_of(made)[0], made, [COLOUR], OPTIONS)
    return [(column[0].left, column[0].right) for column in columns]


def test_keys_that_change_together_are_one_factor(runs: Any) -> None:
    made = arms(runs, {("1", "x", "s"): [0.1], ("2", "y", "s"): [0.2]}, "a", "b", "c")

    (factor,) = factors_of(made)

    assert factor.keys == ("a", "b") and factor.levels == (("1", "x"), ("2", "y"))


def test_two_seeds_are_too_few_to_tell_and_that_is_said(runs: Any) -> None:
    answers = answers_of(arms(runs, {("0",): [0.1, 0.11], ("5",): [0.4, 0.41]}, "w"), OPTIONS)

    assert answers.factors[0].columns[0][0].verdict == TOO_FEW
    assert answers.factors[0].sentences == [
        "w 5 instead of 0: too few runs to tell for colours right."
    ]
    assert best_told(answers) == [
        "No arm is clearly best by any score: too few seeds to tell the first two apart."
    ]


def test_the_best_arm_is_named_where_the_next_one_is_clearly_worse(runs: Any) -> None:
    table = {("0",): [0.10, 0.11, 0.12], ("5",): [0.30, 0.31, 0.33], ("50",): [0.20, 0.21, 0.22]}
    answers = answers_of(arms(runs, table, "w"), OPTIONS)

    assert best_told(answers) == [
        "colours right: w 5 is best (31.3\u00a0%), before w 50 (21.0\u00a0%)."
    ]


def test_no_arm_is_named_best_that_the_next_one_may_equal(runs: Any) -> None:
    table = {("0",): [0.10, 0.11, 0.12], ("5",): [0.30, 0.20, 0.33], ("50",): [0.20, 0.32, 0.22]}
    answers = answers_of(arms(runs, table, "w"), OPTIONS)

    assert answers.best[0].contrast.verdict == NONE
    assert best_told(answers) == [
        "No arm is clearly best by any score: the first two cannot be told apart."
    ]


def test_scores_of_runs_that_are_not_finished_do_not_count(runs: Any) -> None:
    members = [
        runs.member("a", {"w": "0"}, scores={COLOUR: 0.1}),
        runs.member("b", {"w": "5"}, scores={COLOUR: 0.9}),
    ]
    half = Member(members[1].folder, {"w": "5"}, 0, "", finished=False)
    made = arms_of([read(members[0]), read(half)])

    answers = answers_of(made, OPTIONS)

    assert made[1].values(COLOUR) == [] and answers.factors[0].columns == []
    assert answers.factors[0].silent == ["5 and 0"]


def test_runs_that_were_measured_differently_make_no_pair(runs: Any) -> None:
    members = [
        runs.member(w, {"w": w}, scores={COLOUR: 0.1, FRECHET: 1.0}, protocol=protocol)
        for w, protocol in (
            ("0", {"n_fake": 500, "weights": {"classifier": "abc", "damsm": "1"}}),
            ("5", {"n_fake": 500, "weights": {"classifier": "abc", "damsm": "2"}}),
            ("50", {"n_fake": 500, "weights": {"classifier": "def", "damsm": "1"}}),
        )
    ]

    columns = list(contrasts(*_one(members), [COLOUR], OPTIONS))

    assert [column[0].difference.pairs for column in columns] == [1, 0, 0]
    assert "measured differently" in columns[1][0].difference.note


def test_names_leave_out_what_goes_without_saying() -> None:
    keys = ["loss.damsm.weight", "system.steps", "generator.width"]
    rows = [("0", "1", "4"), ("5", "1", "4")]
    named = arms_of([_bare(dict(zip(keys, row, strict=True))) for row in rows])
    assert named[0].name == "damsm.weight 0, steps 1, generator.width 4"

    wide = [*keys, "model", "x.y"]
    rows = [("0", "1", "4", "gan", "-"), ("5", "1", "4", "gan", "-"), ("0", "1", "8", "gan", "-")]
    named = arms_of([_bare(dict(zip(wide, row, strict=True))) for row in rows])
    assert [arm.name for arm in named] == [
        "gan",
        "damsm.weight 5, gan",
        "generator.width 8, gan",
    ]


def _bare(settings: dict[str, str]) -> Record:
    from pathlib import Path

    return Record(Member(Path("nothing"), settings, 0, ""))
