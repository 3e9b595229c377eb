"""Local minima of a loss, and the states of a run that they name."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from experiments.run import checkpoint
from experiments.run.state import Named, files_of, named, states
from experiments.run.stats import StatsFile
from experiments.terminal.error import UserError
from experiments.trainer.minima import Minima, minima_of, smoothed


def test_the_running_mean_goes_by_steps() -> None:
    lines: list[dict[str, Any]] = [
        {"images": 4, "generator/loss": 1.0},
        {"images": 4, "samples/motion": 3.0},
        {"images": 12, "generator/loss": 2.0},
        {"images": 16, "generator/loss": float("nan")},
    ]
    kept = 0.99**2  # two steps of four images
    assert smoothed(lines, "generator/loss", 4) == {
        4: 1.0,
        12: pytest.approx(kept + 2 * (1 - kept)),
    }


@pytest.mark.parametrize(
    ("values", "minima", "candidate"),
    [
        ([], [], None),
        ([1, 2, 3], [], None),  # the beginning is none
        ([3, 2, 1], [], 2),
        ([1, 3, 2, 1.5, 2.5, 3, 2], [3], 6),
        ([3, 1, 1, 2], [2], None),  # of equal ones the last
        ([0, 10, 1, 1.4, 0.9, 5, 2, 9], [4, 6], None),  # 0.4 is noise: below 5 % of the range
    ],
)
def test_minima_of_a_curve(values: list[float], minima: list[int], candidate: int | None) -> None:
    assert minima_of(values) == (minima, candidate)


def watch(folder: Path) -> tuple[Minima, list[int]]:
    """The minima of a run whose weights are how many images it has seen."""
    seen = [0]
    run: Any = SimpleNamespace(folder=folder, name="toy", config={"trainer": {"batch": 400}})
    system: Any = SimpleNamespace(phases=lambda: [SimpleNamespace(name="generator")])

    def exported() -> dict[str, Any]:
        return {"export": {"generator": {"weight": torch.tensor([float(seen[0])])}}}

    return Minima(run, system, exported, "generator"), seen


LOSSES = (5.0, 1.0, 4.0, 2.0, 6.0)


def train(folder: Path, first: int = 1, last: int = 5) -> None:
    """Steps of 400 images are 100 each, so that the running mean forgets at once."""
    minima, seen = watch(folder)
    minima.batch = 1
    minima.begin((first - 1) * 400)
    stats = StatsFile(folder / "stats.jsonl")
    for number in range(first, last + 1):
        seen[0] = 400 * number
        stats.append(seen[0], {"generator/loss": LOSSES[number - 1]})
        minima.look(seen[0])


def weight_at(folder: Path, name: str) -> float:
    found = named(f"{folder}@{name}")
    (path,) = files_of(found)
    return float(checkpoint.read(path)["export"]["generator"]["weight"][0])


def test_states_at_the_minima_have_names(tmp_path: Path) -> None:
    train(tmp_path)
    assert weight_at(tmp_path, "minimum1") == 800 and weight_at(tmp_path, "minimum2") == 1600
    assert "@minimum1 (800), @minimum2 (1600)" in states_of(tmp_path)
    with pytest.raises(UserError, match="the generator's loss had 2 minima"):
        files_of(Named(tmp_path, "minimum3"))


def states_of(folder: Path) -> str:
    (folder / "weights").mkdir()
    (folder / "weights" / "images-0000000004.safetensors").touch()
    return states(folder)


def test_a_run_that_goes_on_finds_the_same(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    train(whole)
    train(parts, last=3)
    train(parts, first=4)
    found = [json.loads((folder / "minima.json").read_text()) for folder in (whole, parts)]
    assert found[0] == found[1] and found[0]["minima"] == [800, 1600]
    assert weight_at(parts, "minimum1") == 800
    assert len(list((parts / "minima").iterdir())) == 2  # what was no minimum is gone


def test_a_run_without_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="minima=generator does"):
        files_of(Named(tmp_path, "minimum1"))
    run: Any = SimpleNamespace(folder=tmp_path, name="toy", config={"trainer": {"batch": 4}})
    system: Any = SimpleNamespace(phases=lambda: [SimpleNamespace(name="generator")])
    with pytest.raises(UserError, match="did you mean generator"):
        Minima(run, system, dict, "generatr")
