"""Ranges and lists, and how a value of them is written."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.trial import FixedTrial

from experiments.search.space import Choice, Range, rendered, samples, space_of


def read(part: Any) -> Any:
    problems: list[str] = []
    found = space_of({"a.b": part}, problems)
    assert not problems, problems
    return found["a.b"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00069123456, "0.0006912"),
        (12.0, "12"),
        (49.999999, "50"),
        (0.0000123456, "1.235e-05"),
        (123456.7, "1.235e+05"),
    ],
)
def test_a_number_has_four_digits(value: float, text: str) -> None:
    assert rendered(value) == text


def test_whole_bounds_make_whole_numbers() -> None:
    assert read({"low": 1, "high": 8, "step": 2}) == Range(1, 8, step=2, whole=True)
    assert read({"low": 1, "high": 8.5}) == Range(1, 8.5)
    assert read({"low": 1.0, "high": 8.0, "log": True}) == Range(1, 8, log=True)
    assert read({"low": 1, "high": 8}).ask(FixedTrial({"a": 3}), "a") == "3"


def test_yaml_takes_a_number_without_a_point_for_a_text() -> None:
    assert read({"low": "2e-4", "high": "4e-3"}) == Range(0.0002, 0.004)


def test_what_the_sampler_proposes_is_what_the_configuration_says() -> None:
    proposed = FixedTrial({"lr": 0.000691234567, "encoder": "[1,2]"})
    assert Range(0.0001, 0.01, log=True).ask(proposed, "lr") == "0.0006912"
    assert Choice(("[1,2]", "null")).ask(proposed, "encoder") == "[1,2]"


def test_a_list_keeps_each_value_once_in_hydra_s_words() -> None:
    assert read([1, True, None, "cnn", [1, 2], 1]) == Choice(("1", "true", "null", "cnn", "[1,2]"))


def test_samples_reach_every_end() -> None:
    space = {"a": Range(1, 9, whole=True), "b": Choice(("x", "y", "z"))}
    assert samples(space) == [
        {"a": "1", "b": "x"},
        {"a": "9", "b": "y"},
        {"a": "1", "b": "z"},
    ]


@pytest.mark.parametrize(
    ("part", "line"),
    [
        (3, "3: must be a list of values, or {low: ..., high: ...}"),
        ([], "must be a list of values, or {low: ..., high: ...}"),
        ({"low": 1, "hgih": 2}, "hgih: no such key; did you mean high?"),
        ({"low": 1}, "high is missing"),
        ({"low": "a", "high": 2}, "low and high must be numbers"),
        ({"low": 1, "high": float("inf")}, "low and high must be numbers"),
        ({"low": 2, "high": 2}, "low must be below high, and 2 is not below 2"),
        ({"low": 0, "high": 2.0, "log": True}, "log: low must be above 0, and is 0"),
        ({"low": 1, "high": 2, "log": 3}, "log=3: must be true or false"),
        ({"low": 1, "high": 2, "step": 4}, "step=4: must be above 0 and fit between low and high"),
        ({"low": 1, "high": 9, "step": 2, "log": True}, "log and step exclude each other"),
    ],
)
def test_what_cannot_be_searched(part: Any, line: str) -> None:
    problems: list[str] = []
    assert space_of({"a.b": part}, problems) == {}
    assert line in [problem.removeprefix("space.a.b: ") for problem in problems]


def test_a_space_must_have_keys() -> None:
    problems: list[str] = []
    assert space_of(None, problems) == {} and problems[0].startswith("space: must name what")
