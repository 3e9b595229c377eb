"""Preferences of task=app: read line by line, whoever wrote them, and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.human.preference import read_preferences
from experiments.human.rank import write
from experiments.human.win import wilson
from experiments.terminal.error import UserError

A, B, C = "0123456789", "abcdef0123", "42ab42ab42"


def line(runs: list[str], choice: str | None, seed: int = 0, **more: Any) -> str:
    told = {
        "caption": "a red bird",
        "seed": seed,
        "runs": runs,
        "models": [f"model {run[:2]}" for run in runs],
        "choice": choice,
        "time": "2026-01-02T03:04:05+0000",
    }
    return json.dumps(told | more)


def rank(path: Path, confidence: float = 0.95, hidden: bool = False) -> dict[str, Any]:
    config = {
        "answers": str(path),
        "human": {"hidden": hidden},
        "report": {"confidence": confidence},
        "paths": {"outputs": str(path.parent)},
    }
    return json.loads(write(config).read_text())  # type: ignore[no-any-return]


def test_wins_of_each_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "preferences.jsonl"
    rows = [
        *(line([A, B], B, seed) for seed in range(6)),
        *(line([B, A], A, seed) for seed in range(6, 8)),
        line([A, B], None, 8),
        line([A, B, C], C, 9),  # C over both; of A and B it says nothing
    ]
    path.write_text("\n".join(rows) + "\n")
    result = rank(path)
    assert (result["choices"], result["nobody"], result["captions"]) == (10, 1, 1)
    pairs = {(pair["run"], pair["other"]): pair for pair in result["pairs"]}
    told = pairs[B, A]
    assert (told["together"], told["wins"], told["losses"], told["share"]) == (10, 6, 2, 0.75)
    assert told["interval"] == pytest.approx([0.409, 0.929], abs=5e-4)  # Wilson, of 6 in 8
    assert pairs[C, B]["wins"] == pairs[C, A]["wins"] == 1
    assert [run["run"] for run in result["runs"]] == [C, B, A]
    assert result["runs"][1]["share"] == 6 / 10
    assert result["runs"][2]["chance"] == pytest.approx((9 / 2 + 1 / 3) / 10)
    # Of nine choices: B stood second in six, A second in two, C third.
    assert result["first_place"]["share"] == 0
    shown = capsys.readouterr().out
    assert f"{B}  {A}  6     2       2        75 %   41 to 93 %" in shown
    assert (tmp_path / "human_rank.md").read_text().startswith("# Human preferences")


def test_a_narrower_interval_is_less_sure() -> None:
    assert wilson(5, 10, 0.5) == pytest.approx((0.3957, 0.6043), abs=1e-4)
    assert wilson(10, 10, 0.95) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(0, 0, 0.95) is None


def test_what_cannot_be_used_is_told_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    bad = [
        "{",
        "[]",
        line([A], A),
        line([A, A], A),
        line([A, B], C),
        line([A, "../../<b>"], A),
        line([A, B], A, -1),
        line([A, B], A, time="soon"),
        line([A, B], A, caption=5),
    ]
    good = line([A, B], A)
    path.write_text("\n".join([*bad, good, good, ""]))
    found = read_preferences([path])
    assert [one.choice for one in found.lines] == [A]
    assert found.refused[0] == f"{path}: line 3 and 1 more: runs must be 2 to 12 ids"
    assert found.refused[-1] == "lines that stand there twice: 1, counted once"
    for told in ("line 1: is no JSON", "line 2: is no preference", "compared with itself"):
        assert any(told in refused for refused in found.refused), told
    path.write_text("\n".join(bad))
    with pytest.raises(UserError, match="holds no preference"):
        read_preferences([path])


def test_how_many_were_given_without_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "preferences.jsonl"
    path.write_text("\n".join([line([A, B], A, 0), line([A, B], A, 1)]))  # from before
    assert rank(path)["hidden"] == {"alone": False, "yes": 0, "no": 0, "unknown": 2}
    assert "hidden for 0, shown for 0, of 2 that is not known" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"human\.hidden=true: no choice was given while"):
        rank(path, hidden=True)
    more = [line([A, B], B, n, hidden=True) for n in range(2, 5)]
    more += [line([A, B], A, 5, hidden=False), line([A, B], A, 6, hidden="yes")]
    path.write_text(path.read_text() + "\n" + "\n".join(more))
    result = rank(path)
    assert result["choices"] == 6 and result["left_out"][0].endswith("neither true nor false")
    assert result["hidden"] == {"alone": False, "yes": 3, "no": 1, "unknown": 2}
    told = capsys.readouterr().out
    assert "hidden for 3, shown for 1, of 2 that is not known; human.hidden=true counts" in told
    blind = rank(path, hidden=True)
    assert blind["choices"] == 3 and blind["hidden"] == {
        "alone": True,
        "yes": 3,
        "no": 0,
        "unknown": 0,
    }
    assert blind["runs"][0]["run"] == B and blind["runs"][0]["share"] == 1.0
    assert any("names were shown, or that do not say: 3" in one for one in blind["left_out"])
    assert "the names of runs were hidden for all of them" in capsys.readouterr().out


def test_preferences_and_a_page_are_not_mixed(tmp_path: Path) -> None:
    for name in ("p.jsonl", "anna.json"):
        (tmp_path / name).write_text(line([A, B], A))
    with pytest.raises(UserError, match="name one kind"):
        rank(tmp_path)
    (tmp_path / "p.jsonl").unlink()
    with pytest.raises(UserError, match="never names a run"):
        rank(tmp_path, hidden=True)
