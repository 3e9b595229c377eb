from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from experiments.data.store.dataset import Dataset
from experiments.loss.damsm import DAMSMLoss
from experiments.metric.protocol import Protocol
from experiments.metric.result import Result
from experiments.metric.samples import ScoreSamples, score_samples
from experiments.run.cost import cost_of
from experiments.run.folder import SCORE_SAMPLES, sample_captions
from experiments.run.stats import StatsFile
from experiments.sample.picture import margin_of
from experiments.system.attngan import AttnGAN
from experiments.system.damsm import DAMSMTraining
from experiments.terminal.error import UserError
from experiments.tracker.tracker import Tracker
from experiments.trainer.observer import Observer, spread
from experiments.trainer.training import Training

MakeTraining = Callable[..., Training]


class Memory:
    """A tracker that keeps what it is given."""

    name = "memory"

    def __init__(self) -> None:
        self.values: dict[int, dict[str, float]] = {}
        self.pictures: list[tuple[str, int]] = []
        self.rows: dict[int, list[str]] = {}
        self.shown: dict[str, float] = {}

    def log(self, values: Any, images: int) -> None:
        self.values.setdefault(images, {}).update(values)

    def log_pictures(self, name: str, pictures: Any, captions: Any, images: int) -> None:
        assert len(pictures) == len(captions) == 1
        self.pictures.append((name, images))

    def log_samples(self, samples: Any, images: int, sounds: Any = ()) -> None:
        assert all(made.size == real.size for _, made, real in samples)
        self.rows[images] = [caption for caption, _, _ in samples]

    def summary(self, values: Any) -> None:
        self.shown = dict(values)


@pytest.fixture
def observe(birds: Dataset) -> Callable[..., tuple[Observer, Memory]]:
    def make(training: Training, scorer: Any = None, main: bool = True) -> tuple[Observer, Memory]:
        memory = Memory()
        ranks: Any = SimpleNamespace(
            processes=1,
            main=main,
            device=torch.device("cpu"),
            gather=lambda rows: rows,
            any=lambda flag, patience=None: flag,
        )
        training.run.folder.mkdir(parents=True, exist_ok=True)
        tracker = Tracker([memory])
        return Observer(training.run, ranks, training.system, birds, tracker, scorer), memory

    return make


def pictures(training: Training) -> dict[str, bytes]:
    folder = training.run.folder / "samples"
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.png"))}


def size_of(training: Training, name: str) -> tuple[int, int]:
    with Image.open(training.run.folder / "samples" / name) as picture:
        return picture.size


def test_sheets_of_real_pictures_samples_and_attention(
    make_attngan: Callable[..., AttnGAN], make_training: MakeTraining, observe: Any
) -> None:
    training = make_training(make_attngan())
    observer, memory = observe(training)
    observer.real_grid()
    observer.sample(24, training.ema)
    names = ["attention-images-0000000024.png", "images-0000000024.png", "real.png"]
    assert list(pictures(training)) == names
    assert memory.pictures == [("real", 0), ("samples", 24), ("attention", 24)]
    assert memory.rows == {24: sample_captions(training.run.folder)}
    # Six captions in two halves, each with the real picture, two stages and one more draw.
    width, gap = 160, margin_of(160)
    assert size_of(training, names[1])[0] == 2 * (4 * width + 5 * gap)
    assert size_of(training, "real.png")[0] == 2 * (2 * width + 3 * gap)


def test_samples_are_those_of_the_averaged_networks_and_always_of_the_same_noise(
    make_attngan: Callable[..., AttnGAN], make_training: MakeTraining, observe: Any
) -> None:
    training = make_training(make_attngan(norm="batch"))
    observer, _ = observe(training)
    live = training.system.generator
    observer.sample(8, training.ema)
    for parameter in live.parameters():
        nn.init.normal_(parameter)
    before = {k: v.clone() for k, v in training.system.state_dict().items()}
    observer.sample(16, training.ema)
    found = pictures(training)
    assert found["images-0000000008.png"] == found["images-0000000016.png"]
    assert training.system.generator is live and live.training
    torch.testing.assert_close(dict(training.system.state_dict()), before, rtol=0, atol=0)
    training.ema.reset()
    observer.sample(24, training.ema)
    assert pictures(training)["images-0000000024.png"] != found["images-0000000008.png"]


def test_a_system_of_one_resolution_that_draws_nothing(
    make_encoder: Any, make_training: MakeTraining, observe: Any
) -> None:
    training = make_training(DAMSMTraining(make_encoder(), DAMSMLoss(), 16))
    observer, _ = observe(training)
    observer.real_grid()
    observer.sample(8, training.ema)
    assert list(pictures(training)) == ["real.png"]
    assert size_of(training, "real.png")[0] == 2 * (160 + 2 * margin_of(160))


@pytest.mark.parametrize(("captions", "main"), [(0, True), (6, False)])
def test_no_pictures_without_captions_or_on_other_processes(
    captions: int,
    main: bool,
    make_attngan: Callable[..., AttnGAN],
    make_training: MakeTraining,
    observe: Any,
) -> None:
    training = make_training(make_attngan(), sample_captions=captions)
    observer, memory = observe(training, main=main)
    observer.real_grid()
    observer.sample(8, training.ema)
    observer.log(8, {"generator/loss": 1.0}, 2.0, 0.0)
    assert not pictures(training) and not memory.pictures
    assert bool(memory.values) == main


def test_the_log_has_terms_and_speed(
    make_attngan: Callable[..., AttnGAN], make_training: MakeTraining, observe: Any
) -> None:
    training = make_training(make_attngan(), images=40)
    observer, memory = observe(training)
    with observer.progress(8):
        observer.tick(24)
        observer.log(24, {"generator/loss": 1.5, "generator/lr": 1e-3}, 4.0, 1.0)
        observer.log(32, {"generator/loss": 1.0}, 4.0, 0.0)
    first = {"generator/loss": 1.5, "generator/lr": 1e-3, "images_per_second": 4.0}
    assert memory.values[24]["waiting"] == 0.25
    assert memory.values[24].items() >= (first | {"seconds": 4.0}).items()
    assert memory.values[32]["images_per_second"] == 2.0
    lines = StatsFile.read(training.run.folder / "stats.jsonl")
    assert lines[0] == {"images": 24} | memory.values[24] and lines[1]["images"] == 32
    cost = cost_of(training.run.folder)
    assert cost is not None and (cost.images, cost.images_per_second) == (32, 3.0)
    assert cost.peak_memory == max(line["peak_memory"] for line in lines) > 2**20


def test_scores_are_of_the_averaged_networks_and_say_how_they_were_measured(
    make_attngan: Callable[..., AttnGAN], make_training: MakeTraining, observe: Any, capsys: Any
) -> None:
    training = make_training(make_attngan())
    protocol = Protocol(12, 12, "test", "central", {}, {}, 0, 1)

    def scorer(system: AttnGAN, dataset: Dataset, ranks: Any) -> Result:
        assert system.generator is training.ema.modules["generator"] and not system.training
        return Result({"frechet/x": 2.0, "kernel/x": float("nan")}, protocol, {"r_precision": "no"})

    observer, memory = observe(training, scorer)
    observer.evaluate(16, training.ema)
    content = json.loads((training.run.folder / "scores.json").read_text())
    assert content["images"] == 16 and content["scores"]["frechet/x"] == 2.0
    assert content["skipped"] == {"r_precision": "no", "kernel/x": "is not finite"}
    assert "kernel/x" not in content["scores"] | memory.values[16]
    assert "not computed: kernel/x (is not finite)" in capsys.readouterr().err
    known = Protocol(**content["protocol"])
    halflife = f"half-life {training.ema.halflife} images"
    assert known == replace(protocol, averaged=halflife, state="on the way")
    assert memory.values[16]["frechet/x"] == 2.0 and not memory.shown
    observer.evaluate(32, training.ema)
    assert memory.shown["frechet/x"] == 2.0
    content = json.loads((training.run.folder / "scores.json").read_text())
    assert content["protocol"]["state"] == "last"
    line = StatsFile.read(training.run.folder / "stats.jsonl")[0]
    assert line["frechet/x"] == 2.0 and math.isnan(line["kernel/x"]), "null in the file"
    assert not list(Path(training.run.folder).glob("*.partial"))


@pytest.mark.parametrize("error", [RuntimeError("no value"), MemoryError()])
def test_an_evaluation_that_raises_costs_no_run(
    error: Exception,
    make_attngan: Callable[..., AttnGAN],
    make_training: MakeTraining,
    observe: Any,
    capsys: Any,
) -> None:
    """A user's mistake still ends it: it can be mended."""
    training = make_training(make_attngan())

    def scorer(*_: Any) -> Result:
        raise error

    observe(training, scorer)[0].evaluate(16, training.ema)
    content = json.loads((training.run.folder / "scores.json").read_text())
    assert content["scores"] == {} and list(content["skipped"]) == ["all scores"]
    assert "not computed: all scores" in capsys.readouterr().err
    error = UserError("metric.x: is missing")
    with pytest.raises(UserError):
        observe(training, scorer)[0].evaluate(24, training.ema)


def test_what_was_scored_before_a_kill_is_neither_scored_nor_noted_again(
    make_attngan: Callable[..., AttnGAN], make_training: MakeTraining, observe: Any
) -> None:
    training, protocol = make_training(make_attngan()), Protocol(12, 12, "test", "", {}, {}, 0, 1)
    results = [Result({"frechet/x": value}, protocol, {}) for value in (2.0, 3.0, 3.0, 4.0)]
    lines, scores = training.run.folder / "stats.jsonl", training.run.folder / "scores.json"

    def again(images: int) -> list[tuple[int, float]]:
        observe(training, lambda *_: results.pop(0))[0].evaluate(images, training.ema)
        return [(line["images"], line["frechet/x"]) for line in StatsFile.read(lines)]

    assert again(8) == again(8) == [(8, 2.0)] and len(results) == 3
    before = scores.read_text()
    assert again(16) == [(8, 2.0), (16, 3.0)]
    scores.write_text(before)  # killed between the line and the file
    assert again(16) == [(8, 2.0), (16, 3.0)] and len(results) == 1
    assert json.loads(scores.read_text())["images"] == 16


def test_pictures_of_scores_lie_beside_them_and_never_those_of_others(
    make_attngan: Callable[..., AttnGAN], make_training: MakeTraining, observe: Any
) -> None:
    training, protocol = make_training(make_attngan()), Protocol(2, 2, "test", "", {}, {}, 0, 1)
    hits = {"r_precision/x": np.array([1, 0], np.float32)}
    samples = ScoreSamples(np.array([3, 5]), hits, {})
    results = [Result({"r_precision/x": 0.5}, protocol, {}, samples), Result({}, protocol)]
    observer, _ = observe(training, lambda *_: results.pop(0))
    observer.evaluate(8, training.ema)
    found = score_samples(training.run.folder)
    assert found is not None and found.captions.tolist() == [3, 5]
    assert found.of("r_precision/x").tolist() == [[1], [0]]
    observer.evaluate(16, training.ema)
    assert not (training.run.folder / SCORE_SAMPLES).exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"captions": "a bird"}', '{"captions": [1]}'])
def test_captions_of_the_sheets(
    content: str,
    birds: Dataset,
    make_attngan: Callable[..., AttnGAN],
    make_training: MakeTraining,
    observe: Any,
) -> None:
    training = make_training(make_attngan())
    folder = training.run.folder
    observer, _ = observe(training)
    assert sample_captions(folder) is None
    observer.real_grid()
    file = folder / "samples" / "captions.json"
    expected = [birds.test.captions[row][0] for row in observer.rows]
    assert sample_captions(folder) == expected and len(expected) == 6
    file.unlink()  # a run that began before there was such a file
    observer.real_grid()
    assert sample_captions(folder) == expected
    file.write_text(content)
    with pytest.raises(UserError, match=r"captions\.json: is damaged"):
        sample_captions(folder)


@pytest.mark.parametrize(
    ("labels", "count", "rows"),
    [
        ([0, 0, 1, 1, 2, 2, 3, 3], 2, [0, 4]),  # every second class
        ([0, 0, 1, 1, 2, 2, 3, 3], 4, [0, 2, 4, 6]),
        ([0, 0, 1, 1, 2, 2, 3, 3], 6, [0, 2, 4, 6, 1, 3]),  # then a second picture of each
        ([0, 1, 2, 3, 4, 5, 6], 3, [0, 2, 4]),
        ([5, 5, 5], 2, [0, 1]),
        ([1, 0, 1], 9, [0, 1, 2]),
        ([0, 1], 0, []),
        ([], 4, []),
    ],
)
def test_rows_are_spread_over_the_classes(labels: list[int], count: int, rows: list[int]) -> None:
    assert spread(labels, count) == rows
