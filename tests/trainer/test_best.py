"""`trainer.keep_best`: the best averaged weights by a score of held-out training classes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from experiments.data.store.dataset import Dataset
from experiments.data.store.held_out import NAME, hold_out
from experiments.machine.rank import Ranks
from experiments.metric.meaning import require_choosable
from experiments.metric.protocol import Protocol
from experiments.metric.result import Result
from experiments.run import checkpoint
from experiments.run import folder as files
from experiments.run.prerequisite import Run
from experiments.run.weight import load_export
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Interrupt
from experiments.tracker.tracker import Tracker
from experiments.trainer.best import Best
from experiments.trainer.ema import EMA
from experiments.trainer.fixed import Fixed
from experiments.trainer.loop import fit, resume
from experiments.trainer.observer import Observer
from experiments.trainer.training import Training
from tests.conftest import tiny_attngan, tiny_training
from tests.integration.test_resume import equal
from tests.trainer.test_numerics import Failing, signature

PROTOCOL = Protocol(1, 1, "held out of train", "", {}, {}, 0, 1)


@dataclass
class Marks:
    """A scorer that gives what it is told, one after another."""

    values: Sequence[float | Exception | None]
    name: str
    skipped: dict[str, str] = field(default_factory=dict)
    seen: list[Any] = field(default_factory=list)

    def __call__(self, system: Any, dataset: Any, ranks: Any) -> Result:
        self.seen.append((dataset, system.training, float(system.net.weight.detach()[0, 0])))
        value = self.values[len(self.seen) - 1]
        if isinstance(value, Exception):
            raise value
        scores = {f"{self.name}/chance": 0.5, f"{self.name}/real": 0.9}
        if value is not None:
            scores[self.name] = value
        return Result(scores, PROTOCOL, self.skipped)


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(1, 1)


def best_of(
    birds: Dataset, folder: Path, marks: Marks, score: str | None = None
) -> tuple[Best, EMA, Tiny]:
    system, options = Tiny(), {"trainer": {"keep_best": score or marks.name}}
    run = Run(options, {"model": "a", "data": "b"}, folder, "0", {}, [])
    ema, fixed = EMA({"net": system.net}, None), Fixed(system, [])  # type: ignore[arg-type]

    def exported() -> dict[str, Any]:
        return fixed.without(folder, export=ema.state_dict())

    best = Best(run, Ranks("cpu"), system, hold_out(birds), marks, exported)  # type: ignore[arg-type]
    return best, ema, system


def kept(folder: Path) -> list[int]:
    return [files.images_of(path) for path in files.by_images(folder, "best")]


def looked(birds: Dataset, folder: Path, marks: Marks, counts: list[int]) -> Best:
    best, ema, system = best_of(birds, folder, marks)
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
    birds: Dataset, tmp_path: Path, name: str, values: list[float], images: int
) -> None:
    marks = Marks(values, name)
    looked(birds, tmp_path, marks, [0, 8, 16, 24])
    assert {(dataset.test.name, training) for dataset, training, _ in marks.seen} == {(NAME, False)}
    about = json.loads((tmp_path / "best.json").read_text())
    assert (about["score"], about["images"]) == (name, images)
    assert about["value"] == values[images // 8]
    assert about["held_out"] == hold_out(birds).about
    assert [at for at, _ in about["history"]] == [0, 8, 16, 24]
    assert kept(tmp_path) == [images]
    state = load_export(tmp_path, "best")
    assert state["images"] == images and state["export"]["net"]["weight"].item() == images


@pytest.mark.parametrize(
    ("score", "told"),
    [
        ("r_precision/dasm", "no such score; did you mean r_precision/damsm"),
        ("r_precision/damsm/real", "says nothing of what is trained; did you mean r_precision/da"),
    ],
)
def test_a_name_that_there_is_not_is_one_line(
    birds: Dataset, tmp_path: Path, score: str, told: str
) -> None:
    best, ema, _ = best_of(birds, tmp_path, Marks([0.1], "r_precision/damsm"), score)
    with pytest.raises(UserError, match=told) as error:
        best.begin(0, ema)
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())


def test_what_can_be_chosen_by_is_told_without_any_data() -> None:
    for name in ("r_precision/damsm", "frechet/classifier", "attribute_accuracy/colour"):
        require_choosable(name, "key")
    for name, told in {
        "frechet/classifier/real": "says nothing of what is trained; did you mean frechet/class",
        "kernel/inception/real/std": "did you mean kernel/inception?",
        "r_precison/damsm": r"nobody can say which way it is better; did you mean r_precision/dam",
        "odd": "names begin with frechet, ",
    }.items():
        with pytest.raises(UserError, match=told) as error:
            require_choosable(name, "key")
        assert len(str(error.value)) < 520


@pytest.mark.parametrize("skipped", ["frechet/inception", "frechet"])
def test_a_score_that_is_skipped_for_now_is_one_all_the_same(
    birds: Dataset, tmp_path: Path, skipped: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a generator that has collapsed, or all that an extractor sees."""
    marks = Marks([0.1], "r_precision/damsm", {skipped: "no finite root"})
    best, ema, _ = best_of(birds, tmp_path, marks, "frechet/inception")
    best.begin(0, ema)
    assert json.loads((tmp_path / "best.json").read_text())["images"] is None
    assert "not computed: frechet/inception (no finite root)" in capsys.readouterr().err


def test_a_score_that_raises_or_is_missing_is_no_end(
    birds: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = [ValueError("no value"), 0.3, None, RuntimeError("nor here"), 0.2]
    looked(birds, tmp_path, Marks(values, "r_precision/a"), [0, 8, 16, 24, 32])
    about = json.loads((tmp_path / "best.json").read_text())
    assert about["history"] == [[0, None], [8, 0.3], [16, None], [24, None], [32, 0.2]]
    assert about["images"] == 8 and kept(tmp_path) == [8]
    lines = [line for line in capsys.readouterr().err.splitlines() if "not computed" in line]
    for line, reason in zip(lines, ("ValueError: no value", "no such", "nor here"), strict=True):
        assert reason in line and "r_precision/a" in line


def test_a_mistake_of_the_user_ends_it(birds: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="metric"):
        looked(birds, tmp_path, Marks([UserError("metric.x: is missing")], "r_precision/a"), [0])


def test_a_resumed_run_chooses_as_one_that_was_not_stopped(birds: Dataset, tmp_path: Path) -> None:
    values = [0.1, 0.3, 0.5, 0.4, 0.2]
    counts = [0, 8, 16, 24, 32]
    straight, parted = tmp_path / "straight", tmp_path / "parted"
    looked(birds, straight, Marks(values, "r_precision/a"), counts)
    checkpoint.save(parted, {"images": 12}, 1)
    looked(birds, parted, Marks(values, "r_precision/a"), counts[:4])
    assert kept(parted) == [16, 8], "a run that goes back to 12 images needs the best until there"
    again = Marks(values[2:], "r_precision/a")
    best, ema, system = best_of(birds, parted, again)
    best.begin(12, ema)
    assert not again.seen, "nothing is scored that a run without a stop does not score"
    assert kept(parted) == [8] and load_export(parted, "best")["images"] == 8
    checkpoint.save(parted, {"images": 32}, 1)
    for images in counts[2:]:
        with torch.no_grad():
            system.net.weight.fill_(images)
        best.look(images, ema)
    told = [(place / "best.json").read_bytes() for place in (straight, parted)]
    assert told[0] == told[1] and kept(straight) == kept(parted) == [16]
    assert load_export(parted, "best")["export"]["net"]["weight"].item() == 16


def test_a_run_that_goes_back_forgets_what_it_was_best_by(birds: Dataset, tmp_path: Path) -> None:
    """The states of the path that it left are gone, and the best before is there."""
    marks = Marks([0.1, 0.3, 0.9, 0.2, 0.4], "r_precision/a")
    checkpoint.save(tmp_path, {"images": 8}, 1)
    best = looked(birds, tmp_path, marks, [0, 8, 16])
    assert kept(tmp_path) == [16, 8]
    best.go_back(8)
    about = json.loads((tmp_path / "best.json").read_text())
    assert (about["images"], about["history"]) == (8, [[0, 0.1], [8, 0.3]])
    assert kept(tmp_path) == [8]
    best.look(16, EMA({"net": best.system.net}, None))  # type: ignore[attr-defined]
    best.look(24, EMA({"net": best.system.net}, None))  # type: ignore[attr-defined]
    about = json.loads((tmp_path / "best.json").read_text())
    assert (about["images"], about["history"][2:]) == (24, [[16, 0.2], [24, 0.4]])


class Rises:
    """A scorer: the more images, the better, up to 40."""

    def __init__(self, training: Training) -> None:
        self.training = training

    def __call__(self, system: Any, dataset: Any, ranks: Any) -> Result:
        return Result({"r_precision/a": min(self.training.images, 40.0)}, PROTOCOL)


def test_a_rollback_and_a_stop_choose_as_a_rollback_alone(birds: Dataset, tmp_path: Path) -> None:
    """Real training: a loss that is not finite after 24 images, a checkpoint of 16, and a state of
    24 that was the best until then."""

    def train(folder: Path, stop: int = -1) -> None:
        system = tiny_attngan(birds)
        system.__class__ = Failing
        options = {"images": 48, "nonfinite": "rollback", "evaluate_every": 8, "log_every": 8}
        options |= {"keep_best": "r_precision/a", "sample_every": 1000, "keep": 1}
        training = tiny_training(birds, folder, system, **options)
        system.phase, system.way = "generator", "loss"  # type: ignore[attr-defined]
        system.at = {signature(training.batches.at(24))}  # type: ignore[attr-defined]
        numerics, interrupt = resume(training), Interrupt()
        parts = hold_out(birds), Rises(training), training.exported
        best = Best(training.run, training.ranks, system, *parts)
        observer = Observer(training.run, training.ranks, system, birds, Tracker([]), None, best)
        tick = observer.tick

        def ticked(images: int) -> None:
            tick(images)
            interrupt.requested = interrupt.requested or images == stop

        observer.tick = ticked  # type: ignore[method-assign]
        observer.best.begin(training.images, training.ema)  # type: ignore[union-attr]
        assert fit(training, numerics, observer, interrupt) == (stop < 0)
        if stop < 0:
            observer.evaluate(training.images, training.ema)

    train(tmp_path / "whole")
    train(tmp_path / "parted", stop=40)
    train(tmp_path / "parted")
    whole, parted = ((tmp_path / name / "best.json").read_bytes() for name in ("whole", "parted"))
    assert whole == parted
    assert json.loads(whole)["images"] == 40
    assert [at for at, _ in json.loads(whole)["history"]] == [0, 8, 16, 24, 32, 40, 48]
    assert kept(tmp_path / "whole") == kept(tmp_path / "parted") == [40]
    told = (checkpoint.read(files.by_images(tmp_path / n, "best")[0]) for n in ("whole", "parted"))
    assert equal(*told)
