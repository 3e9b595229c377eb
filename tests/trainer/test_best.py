"""`trainer.keep_best`: the best averaged weights by a score of held-out training classes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from experiments.machine.rank import Ranks
from experiments.metric.protocol import Protocol
from experiments.metric.result import Result
from experiments.run import folder as files
from experiments.run.weight import load_export
from experiments.terminal.error import UserError
from experiments.trainer.best import Best
from experiments.trainer.ema import EMA

PROTOCOL = Protocol(1, 1, "held out of train", "", {}, {}, 0, 1)


@dataclass
class Marks:
    """A scorer that gives what it is told, one after another."""

    values: list[float]
    name: str
    skipped: dict[str, str] = field(default_factory=dict)
    seen: list[Any] = field(default_factory=list)

    def __call__(self, system: Any, dataset: Any, ranks: Any) -> Result:
        self.seen.append((dataset, system.training, float(system.net.weight.detach()[0, 0])))
        scores = {
            self.name: self.values[len(self.seen) - 1],
            f"{self.name}/chance": 0.5,
            "odd": 1.0,
        }
        return Result(scores, PROTOCOL, self.skipped)


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(1, 1)


def best_of(folder: Path, marks: Marks, score: str | None = None) -> tuple[Best, EMA, Tiny]:
    system = Tiny()
    run = SimpleNamespace(folder=folder, config={"trainer": {"keep_best": score or marks.name}})
    held = SimpleNamespace(chosen="held out", about={"records": 4, "of": 40, "classes": ["a", "b"]})
    best = Best(run, Ranks("cpu"), system, held, marks)  # type: ignore[arg-type]
    return best, EMA({"net": system.net}, None), system


def looked(folder: Path, marks: Marks, counts: list[int]) -> Best:
    best, ema, system = best_of(folder, marks)
    for number, images in enumerate(counts):
        with torch.no_grad():
            system.net.weight.fill_(images)
        best.look(images, ema) if number else best.begin(images, ema)
    return best


@pytest.mark.parametrize(
    ("name", "values", "images"),
    [
        ("r_precision/damsm", [0.1, 0.5, 0.3, 0.5], 8),  # of equals the first
        ("frechet/inception", [9.0, 5.0, 7.0, 4.0], 24),  # lower is better
        ("diversity/inception", [float("nan"), 0.2, 0.1, 0.1], 8),
    ],
)
def test_the_best_is_kept_with_what_it_was_chosen_by(
    tmp_path: Path, name: str, values: list[float], images: int
) -> None:
    marks = Marks(values, name)
    looked(tmp_path, marks, [0, 8, 16, 24])
    assert {(dataset, training) for dataset, training, _ in marks.seen} == {("held out", False)}
    about = json.loads((tmp_path / "best.json").read_text())
    assert (about["score"], about["images"]) == (name, images)
    assert about["value"] == values[images // 8]
    assert about["held_out"] == {"records": 4, "of": 40, "classes": ["a", "b"]}
    assert [at for at, _ in about["history"]] == [0, 8, 16, 24]
    assert [files.images_of(path) for path in files.by_images(tmp_path, "best")] == [images]
    state = load_export(tmp_path, "best")
    assert state["images"] == images and state["export"]["net"]["weight"].item() == images


def test_a_name_that_there_is_not_is_one_line(tmp_path: Path) -> None:
    marks = Marks([0.1], "r_precision/damsm")
    best, ema, _ = best_of(tmp_path, marks, "r_precison/damsm")
    with pytest.raises(UserError, match="no such score; did you mean r_precision/damsm") as error:
        best.begin(0, ema)
    assert "\n" not in str(error.value) and not (tmp_path / "best").exists()


def test_one_that_has_no_better_is_refused(tmp_path: Path) -> None:
    marks = Marks([0.1], "r_precision/damsm")
    best, ema, _ = best_of(tmp_path, marks, "odd")
    with pytest.raises(UserError, match=r"nobody can say which way it is better; .*r_precision"):
        best.begin(0, ema)


def test_a_score_that_is_skipped_for_now_is_one_all_the_same(tmp_path: Path) -> None:
    """As of a generator that has collapsed."""
    marks = Marks([0.1], "r_precision/damsm", {"frechet/inception": "no finite root"})
    best, ema, _ = best_of(tmp_path, marks, "frechet/inception")
    best.begin(0, ema)
    assert json.loads((tmp_path / "best.json").read_text())["images"] is None


def test_a_resumed_run_chooses_as_one_that_was_not_stopped(tmp_path: Path) -> None:
    values = [0.1, 0.3, 0.5, 0.4, 0.2]
    counts = [0, 8, 16, 24, 32]
    straight, parted = tmp_path / "straight", tmp_path / "parted"
    looked(straight, Marks(values, "r_precision/a"), counts)
    looked(parted, Marks(values, "r_precision/a"), counts[:4])
    again = Marks(values[2:], "r_precision/a")  # from the checkpoint after 8 images
    best, ema, system = best_of(parted, again)
    for images in counts[1:]:
        with torch.no_grad():
            system.net.weight.fill_(images)
        best.begin(8, ema) if images == 8 else best.look(images, ema)
    assert len(again.seen) == 3, "what was scored after 8 images is not scored again"
    told = [json.loads((place / "best.json").read_text()) for place in (straight, parted)]
    assert told[0] == told[1]
    assert load_export(parted, "best")["export"]["net"]["weight"].item() == 16
