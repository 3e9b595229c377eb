"""From saved files to mean ranks, worked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments.human.key import Key
from experiments.human.rank import write
from experiments.terminal.error import UserError

from .conftest import NAMES

# Ranks of the runs 0, 1, 2 for four captions.
ADA = [[2, 1, 3], [2, 1, 3], [1, 2, 3], [2, 1, 3]]  # means 1.75, 1.25, 3
BEN = [[2, 1, 3], [3, 1, 2], [3, 1, 2], [1, 2, 3]]  # means 2.25, 1.25, 2.5


def rank(folder: Path, answers: Any = None, confidence: float = 0.95) -> dict[str, Any]:
    config = {
        "answers": str(folder) if answers is None else answers,
        "report": {"confidence": confidence},
        "paths": {"outputs": str(folder.parents[1])},
    }
    result = json.loads(write(config).read_text())
    (question,) = result["questions"]
    return result | question


def test_two_people(
    save: Callable[..., Path], folder: Path, key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    save("ada.json", ADA, "ada")
    save("ben.json", BEN, "ben")
    (folder / "torn.json").write_text("{")
    result = rank(folder)
    assert [run["name"] for run in result["runs"]] == [NAMES[1], NAMES[0], NAMES[2]]
    assert [run["mean_rank"] for run in result["runs"]] == [1.25, 2, 2.75]
    assert [run["first"] for run in result["runs"]] == [6 / 8, 2 / 8, 0]
    # NAMES[1] before NAMES[0] in 6 of 8, before NAMES[2] in all; NAMES[0] before NAMES[2] in 6.
    assert result["preferred"] == [[0.5, 6 / 8, 1], [2 / 8, 0.5, 6 / 8], [0, 2 / 8, 0.5]]
    # Sums of ranks by caption: (4, 2, 6), (5, 2, 5), (4, 3, 5), (3, 3, 6): S = 8, 6, 2, 6 of 8.
    agreement = [8 / 8, 6 / 8, 2 / 8, 6 / 8]
    assert [row["kendall_w"] for row in result["by_caption"]] == pytest.approx(agreement)
    assert result["kendall_w"] == pytest.approx(sum(agreement) / 4)
    assert result["kendall_w_chance"] == 0.5
    assert result["by_caption"][1]["mean_rank"] == [1, 2.5, 2.5]
    assert result["interval_over"] == "participants and captions"
    # The third: people's means 3 and 2.5; captions' 3, 2.5, 2.5, 3. Half width 12.7 x 0.25 + ...
    assert result["runs"][2]["interval"] == [1, 3]
    assert result["left_out"] == [f"{folder / 'torn.json'}: is no JSON that the page saved"]
    assert result["seconds"] == 6.25
    output = capsys.readouterr()
    assert f"left out: {folder / 'torn.json'}" in output.err
    assert "1  attngan-plumage/abcdef0123  1.25" in output.out
    assert "so few participants" in output.out and "Kendall's W 0.69" in output.out
    # What stood first, second and third on the screen was ranked so on average.
    places = result["mean_by_place"]
    first = [next(iter(codes.values())) for codes in key.codes]
    ranks = [person[number][run] for person in (ADA, BEN) for number, run in enumerate(first)]
    assert places[0] == sum(ranks) / 8 and sum(places) == pytest.approx(6)


def test_one_person(
    save: Callable[..., Path], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = rank(folder, [str(save("ada.json", ADA, "ada"))])
    assert result["interval_over"] == "captions alone, since there is one participant"
    # Means 1.25 and 1.75, both of standard deviation 0.5 over 4 captions; t = 3.182.
    low, high = result["runs"][0]["interval"]
    assert (low, high) == pytest.approx((1, 1.25 + 3.1824 * 0.25), abs=1e-3)
    low, high = result["runs"][1]["interval"]
    assert (low, high) == pytest.approx((1, 1.75 + 3.1824 * 0.25), abs=1e-3)
    assert result["kendall_w"] is None
    text = capsys.readouterr().out
    assert "intervals are over captions alone, since there is one participant" in text
    assert "agreement: needs two participants or more" in text


def test_a_lower_confidence_narrows_the_interval(save: Callable[..., Path], folder: Path) -> None:
    save("ada.json", ADA)
    wide, narrow = (rank(folder, confidence=share)["runs"][1]["interval"] for share in (0.9, 0.5))
    assert wide[0] < narrow[0] < 1.75 < narrow[1] < wide[1]
    for share in (0, 1, 95):
        with pytest.raises(UserError, match=r"report\.confidence=.*: must lie between 0 and 1"):
            rank(folder, confidence=share)


def test_markdown(save: Callable[..., Path], folder: Path) -> None:
    save("ada.json", ADA)
    rank(folder)
    text = (folder / "human_rank.md").read_text()
    assert "| 1 | attngan-plumage/abcdef0123 | 1.25 |" in text
    # Captions come from anywhere: none is markup, and all four are there.
    assert "<b>" not in text and "a bird with 3 &lt;/script&gt;" in text
    assert text.count("| a bird with ") == 4


def test_nothing_that_can_be_used(folder: Path) -> None:
    for name in ("a.json", "b.json"):
        (folder / name).write_text("{")
    with pytest.raises(UserError) as caught:
        rank(folder)
    assert len(str(caught.value).splitlines()) == 2
    assert not (folder / "human_rank.json").exists()
