"""Evaluations of a run that trains, read from its folder."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from experiments.search.evaluations import Evaluations
from experiments.search.trial import SearchError

COLOUR = "attribute_accuracy/colour"


def write(folder: Path, *lines: dict[str, float | None], end: str = "") -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "stats.jsonl").write_text(text + end)


def test_lines_of_training_are_none_of_evaluations(tmp_path: Path) -> None:
    found = Evaluations(tmp_path, COLOUR)
    assert found.read() == {}
    write(tmp_path, {"images": 8, "generator/loss": 1.0, "images_per_second": 2.0})
    assert found.read() == {}
    lines: list[dict[str, float | None]] = [
        {"images": 8, "generator/loss": 1.0, "images_per_second": 2.0},
        {"images": 8, COLOUR: 0.25, f"{COLOUR}/real": 0.9},
        {"images": 16, COLOUR: None},
    ]
    write(tmp_path, *lines, end='{"images": 24, "attribute_accuracy/colour": 0.')
    read = found.read()
    assert read[8] == 0.25 and math.isnan(read[16]) and list(read) == [8, 16]


def test_a_resumed_run_has_fewer_lines(tmp_path: Path) -> None:
    found = Evaluations(tmp_path, COLOUR)
    write(tmp_path, {"images": 8, COLOUR: 0.25}, {"images": 16, COLOUR: 0.5})
    assert found.read() == {8: 0.25, 16: 0.5}
    write(tmp_path, {"images": 8, COLOUR: 0.25})
    assert found.read() == {8: 0.25}


def test_the_score_at_the_end(tmp_path: Path) -> None:
    write(tmp_path, {"images": 8, COLOUR: 0.25}, {"images": 16, COLOUR: 0.5})
    scores = {"images": 32, "scores": {COLOUR: 0.75}, "skipped": {}, "protocol": {}}
    (tmp_path / "scores.json").write_text(json.dumps(scores))
    found = Evaluations(tmp_path, COLOUR)
    assert (found.at(16), found.at(32)) == (0.5, 0.75)


def test_a_score_that_the_run_does_not_have(tmp_path: Path) -> None:
    write(tmp_path, {"images": 8, COLOUR: 0.25, "frechet/classifier": 1.0})
    with pytest.raises(SearchError, match="has no such score; did you mean frechet/classifier"):
        Evaluations(tmp_path, "frechet/clasifier").read()
    skipped = {"kernel/classifier": "too few pictures"}
    scores = {"images": 8, "scores": {}, "skipped": skipped, "protocol": {}}
    (tmp_path / "stats.jsonl").unlink()
    (tmp_path / "scores.json").write_text(json.dumps(scores))
    with pytest.raises(SearchError, match="kernel/classifier: not computed: too few pictures"):
        Evaluations(tmp_path, "kernel/classifier").at(8)
