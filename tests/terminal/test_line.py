"""Tables and numbers, as a terminal shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.file.markdown import table
from experiments.metric.meaning import shown
from experiments.terminal.line import aligned, duration, millions, near, number_of, show

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


def test_a_share_is_readable_and_its_column_straight(capsys: pytest.CaptureFixture[str]) -> None:
    share = shown("attribute_accuracy/colour", 0.158)  # as pages have it: on one line
    assert share == "15.8\u00a0%"
    show("\n".join(aligned([(share, "a"), ("colours", "b")])))
    assert capsys.readouterr().out == "15.8 %   a\ncolours  b\n"


def test_a_path_below_this_folder_is_told_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert near(tmp_path / "outputs/a") == Path("outputs/a")
    assert near(Path("outputs/a")) == Path("outputs/a") and near(Path("/x")) == Path("/x")


def test_one_and_several() -> None:
    assert number_of(1200, "image", ",") == "1,200 images"
    assert [number_of(count, "class") for count in (1, 2)] == ["1 class", "2 classes"]
    assert [number_of(count, "run") for count in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]


def test_parameters_of_small_networks_are_no_0() -> None:
    found = [millions(count) for count in (95_830_000, 50_000, 49_949, 2_310, 12)]
    assert found == ["95.83 M", "0.05 M", "49.9 k", "2.3 k", "0.0 k"]
