"""Tables and numbers, as a terminal shows them."""

from __future__ import annotations

import pytest

from experiments.file.markdown import table
from experiments.terminal.line import aligned, duration, number_of

ROWS = [("run", "score"), ("a longer one", "2"), ("b", "")]


def test_columns_stand_under_one_another() -> None:
    assert aligned(ROWS) == ["run           score", "a longer one  2", "b"]
    assert aligned(ROWS, right=True)[1] == "a longer one      2"


def test_a_cell_of_a_table_is_no_markup() -> None:
    assert table([("run",), ("a|b",)]) == ["| run |", "| --- |", "| a\\|b |"]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(9.94, "9.9 s"), (59.4, "59 s"), (60, "1 min"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)
def test_a_time_in_words(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_one_and_several() -> None:
    assert [number_of(count, "run") for count in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]
