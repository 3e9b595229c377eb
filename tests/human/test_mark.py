"""From marks to means, worked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.human.key import RATE, REAL, Key, Run, read_key, write_key
from experiments.human.mark import alpha, marked
from experiments.human.rank import write

from .conftest import make_answers, make_key

# Marks of the runs 0, 1, 2 for four captions.
ADA = [[0, 2, 3], [1, 2, 3], [0, 1, 3], [1, 3, 3]]  # means 0.5, 2, 3
BEN = [[1, 2, 3], [1, 2, 2], [0, 1, 2], [2, 3, 3]]  # means 1, 2, 2.5


@pytest.fixture
def marks(folder: Path) -> Key:
    """A page of marks by two questions, whose third run is the real ones."""
    key = make_key(form=RATE, questions=["How <i>real</i>?", "How fit?"])
    key = Key(**(vars(key) | {"runs": [*key.runs[:2], Run(REAL, Path(), 0)]}))
    write_key(key, folder)
    return key


def save(folder: Path, key: Key, person: str, *by_question: list[list[int]]) -> None:
    parts = [make_answers(key, marks, person)["answers"] for marks in by_question]
    content = make_answers(key, by_question[0], person)
    for number, row in enumerate(content["answers"]):
        row["given"] = [part[number]["given"][0] for part in parts]
    (folder / f"{person}.json").write_text(json.dumps(content))


def result_of(folder: Path, capsys: Any) -> tuple[dict[str, Any], str]:
    config = {"answers": str(folder), "report": {"confidence": 0.95}}
    path = write(config | {"paths": {"outputs": str(folder.parents[1])}})
    return json.loads(path.read_text()), capsys.readouterr().out


def test_two_people_and_two_questions(
    folder: Path, marks: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folder, marks, "ada", ADA, [[1, 1, 1]] * 4)
    save(folder, marks, "ben", BEN, [[1, 1, 1]] * 4)
    result, text = result_of(folder, capsys)
    assert result["form"] == RATE and result["participants"] == 2
    first, second = result["questions"]
    assert first["question"] == "How <i>real</i>?"
    assert [run["name"] for run in first["runs"]] == [REAL, *(r.name for r in marks.runs[1::-1])]
    assert [run["mean_mark"] for run in first["runs"]] == [2.75, 2, 0.75]
    assert first["runs"][0]["share"] == [0, 0, 2 / 8, 6 / 8]
    assert first["runs"][2]["share"] == [3 / 8, 4 / 8, 1 / 8, 0]
    assert first["runs"][0]["folder"] is None and first["runs"][1]["folder"] is not None
    # Run 1: both people's mean is 2; captions' are 2, 2, 1 and 3, whose squared error is 2/3 / 4.
    half = 3.1824 * (2 / 3 / 4) ** 0.5
    assert first["runs"][1]["interval"] == pytest.approx([2 - half, 3], abs=1e-3)
    assert first["by_caption"][0]["mean_mark"] == [3, 2, 0.5]
    # Of the twelve pairs four differ by one: 4 x 0.5 / 12. Of all 24 marks the sum is 44, and that
    # of the squares 106.
    assert first["alpha"] == pytest.approx(1 - (4 * 0.5 / 12) / ((106 - 44**2 / 24) / 23))
    assert second["alpha"] is None and [r["mean_mark"] for r in second["runs"]] == [1, 1, 1]
    assert "agreement: Krippendorff's alpha" in text and "all marks are the same" in text
    assert "marks go from 0 to 3, the best" in text
    written = (folder / "human_rank.md").read_text()
    assert "# Human marks" in written and "<i>" not in written
    assert written.count("| a bird with ") == 8


def test_krippendorff() -> None:
    same = np.array([[0, 1, 2, 3], [0, 1, 2, 3]], float)
    assert alpha(same) == 1
    # Two people, marks 0 and 1 crosswise: D_o = 1, D_e of four marks two each: 2/3.
    assert alpha(np.array([[0, 1], [1, 0]], float)) == pytest.approx(1 - (1 / 2) / (1 / 3))
    assert alpha(same[:1]) is None and alpha(np.ones((3, 4))) is None
    rng = np.random.default_rng(0)
    assert abs(alpha(rng.integers(0, 4, (5, 20_000)).astype(float)) or 0) < 0.01


def test_a_mark_below_another_ranks_below_it(marks: Key) -> None:
    values = np.array([ADA, BEN], float)
    order = [run["mean_mark"] for run in marked(values, marks, 0.9)["runs"]]
    assert order == sorted(order, reverse=True)
    flipped = marked(3 - values, marks, 0.9)
    assert [run["mean_mark"] for run in flipped["runs"]] == [3 - mean for mean in order[::-1]]
    assert flipped["alpha"] == pytest.approx(marked(values, marks, 0.9)["alpha"])


def test_a_key_of_marks_is_read_as_it_was_written(marks: Key, tmp_path: Path) -> None:
    path = write_key(marks, tmp_path)
    assert read_key(path) == marks
    content = json.loads(path.read_text())
    for change in ({"form": "guess"}, {"most": 0}, {"most": 11}, {"questions": []}, {"most": None}):
        path.write_text(json.dumps(content | change))
        with pytest.raises(Exception, match="is damaged"):
            read_key(path)
