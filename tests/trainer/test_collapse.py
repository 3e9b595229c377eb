from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.loss.damsm import DAMSMLoss
from experiments.metric.protocol import Protocol
from experiments.metric.result import Result
from experiments.run.stats import StatsFile
from experiments.system.attngan import AttnGAN
from experiments.system.damsm import DAMSMTraining
from experiments.terminal.interrupt import Interrupt
from experiments.tracker.tracker import Tracker
from experiments.trainer.collapse import PICTURES, CollapseDetector, measured
from experiments.trainer.loop import fit, resume
from experiments.trainer.observer import Observer
from experiments.trainer.training import Training

NAMES = ["samples/diversity", "samples/diversity/real", "samples/diversity/ratio"]


class Deaf(AttnGAN):
    """Its generator gets the same noise each time."""

    def draw(self, noise: Tensor, epsilon: Tensor, *rest: Any, **more: Any) -> Any:
        return super().draw(torch.ones_like(noise), torch.zeros_like(epsilon), *rest, **more)


class Shown:
    """A tracker that keeps the names of what it is given."""

    name, remembers = "shown", False

    def __init__(self) -> None:
        self.values: dict[int, dict[str, float]] = {}
        self.pictures: list[tuple[str, int, str]] = []

    def log(self, values: dict[str, float], images: int) -> None:
        self.values.setdefault(images, {}).update(values)

    def log_pictures(self, name: str, pictures: Any, captions: Any, images: int) -> None:
        self.pictures.append((name, images, captions[0]))

    def log_samples(self, samples: Any, images: int, sounds: Any = ()) -> None:
        pass


@pytest.fixture
def observed(birds: Dataset) -> Callable[..., tuple[Observer, Shown]]:
    def make(training: Training, scorer: Any = None) -> tuple[Observer, Shown]:
        training.run.folder.mkdir(parents=True, exist_ok=True)
        shown = Shown()
        parts = training.run, training.ranks, training.system, birds
        return Observer(*parts, Tracker([shown]), scorer), shown  # type: ignore[list-item]

    return make


def lines(training: Training) -> list[dict[str, Any]]:
    return StatsFile.read(training.run.folder / "stats.jsonl")


def sheets(training: Training) -> list[str]:
    return sorted(path.name for path in (training.run.folder / "samples").glob("collapse-*"))


def test_a_measurement_by_hand() -> None:
    """Pictures of two pixels. Drawn: black-white and white-black, a whole way apart, with contrast
    sqrt 2. Real: black-white and black-grey, half a way apart in half of their pixels, with the
    contrasts sqrt 2 and sqrt 1/2."""
    drawn = torch.tensor([[-1.0, 1.0], [1.0, -1.0]]).view(1, 2, 1, 1, 2).expand(1, 2, 3, 1, 2)
    real = torch.tensor([[-1.0, 1.0], [-1.0, 0.0]]).view(1, 2, 1, 1, 2).expand(1, 2, 3, 1, 2)
    expected = [1.0, 0.125**0.5, (1 / 2**0.5) / (0.125**0.5 / (0.75 * 2**0.5))]
    assert list(measured(drawn, real).values()) == pytest.approx(expected, rel=1e-5)
    assert list(measured(drawn, real)) == NAMES
    # With a tenth of the contrast they are a tenth as far apart: faint, and not collapsed.
    faint = measured(drawn / 10, real)
    assert list(faint.values()) == pytest.approx([0.1, *expected[1:]], rel=1e-5)
    same = drawn[:, :1].expand(1, 2, 3, 1, 2)
    assert measured(same, real)[NAMES[2]] == 0
    assert measured(torch.zeros_like(drawn), real)[NAMES[2]] == 0  # nothing at all is drawn
    assert np.isnan(measured(drawn * torch.nan, real)[NAMES[2]])


def test_a_generator_that_ignores_its_noise_is_told_of_once(
    make_attngan: Callable[..., AttnGAN],
    make_training: Callable[..., Training],
    observed: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    training = make_training(make_attngan(), collapse=0.05, sample_captions=3)
    observer, shown = observed(training)
    said: dict[int, str] = {}
    for images, kind in [(8, AttnGAN), (16, Deaf), (24, Deaf), (32, AttnGAN), (40, AttnGAN)]:
        training.system.__class__ = kind
        observer.sample(images, training.ema)
        told = capfd.readouterr().err.splitlines()
        said[images] = " ".join(line for line in told if not line.startswith("text features"))
    assert not any(said[images] for images in (8, 24, 40))
    assert "the generator hardly heeds its noise at 16 images: 8 pictures of one" in said[16]
    assert "differ by 0.0000" in said[16] and "trainer.collapse=0.05 is the bound" in said[16]
    assert "collapse-images-0000000016.png" in said[16]
    assert "pictures of one caption differ again at 32 images" in said[32]
    assert sheets(training) == ["collapse-images-0000000016.png"]
    assert [(n, i) for n, i, _ in shown.pictures if n == "collapse"] == [("collapse", 16)]
    with Image.open(training.run.folder / "samples" / sheets(training)[0]) as sheet:
        assert sheet.width == 4 + 2 * PICTURES * (64 + 4)  # eight drawn and eight real, 64 px each
    found = lines(training)
    assert [line["images"] for line in found] == [8, 16, 24, 32, 40]
    assert all(list(line) == ["images", *NAMES] for line in found)
    assert found[0][NAMES[0]] > 0 and found[0][NAMES[2]] > 0.05
    assert found[1][NAMES[0]] == found[1][NAMES[2]] == found[2][NAMES[0]] == 0
    assert len({line[NAMES[1]] for line in found}) == 1
    assert shown.values[16] == {name: found[1][name] for name in NAMES}


def test_a_resumed_run_says_nothing_twice(
    make_attngan: Callable[..., AttnGAN],
    make_training: Callable[..., Training],
    observed: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    training = make_training(make_attngan(), collapse=0.05)
    training.system.__class__ = Deaf
    for images in (8, 16, 16):  # the last is looked at again after a stop
        observer, _ = observed(training)
        observer.sample(images, training.ema)
    assert capfd.readouterr().err.count("hardly heeds") == 1
    assert [line["images"] for line in lines(training)] == [8, 16]
    assert sheets(training) == ["collapse-images-0000000008.png"]


def test_weights_are_the_same_with_and_without(
    make_attngan: Callable[..., AttnGAN],
    make_training: Callable[..., Training],
    observed: Any,
    tmp_path: Path,
) -> None:
    found = []
    for name, options in {
        "never": {"sample_every": 10**6, "collapse": None},
        "unmeasured": {"sample_every": 8, "collapse": None},
        "measured": {"sample_every": 8, "collapse": 0.05},
    }.items():
        training = make_training(make_attngan(norm="batch"), **options)
        training.run = replace(training.run, folder=tmp_path / name)
        observer, _ = observed(training)
        assert fit(training, resume(training), observer, Interrupt())
        found.append(training.system.state_dict() | training.ema.state_dict()["generator"])
        measured_at = [line["images"] for line in lines(training) if NAMES[0] in line]
        assert measured_at == ([8, 16, 24, 32] if name == "measured" else [])
    for other in found[1:]:
        assert other.keys() == found[0].keys()
        assert all(torch.equal(other[key], value) for key, value in found[0].items())


def test_what_draws_nothing_is_left_alone(
    make_encoder: Any, make_training: Callable[..., Training], observed: Any
) -> None:
    training = make_training(DAMSMTraining(make_encoder(), DAMSMLoss(), 16), collapse=0.05)
    observer, _ = observed(training)
    observer.sample(8, training.ema)
    assert not lines(training)


def test_its_lines_are_no_scores(
    make_attngan: Callable[..., AttnGAN], make_training: Callable[..., Training], observed: Any
) -> None:
    result = Result({"frechet/x": 2.0}, Protocol(12, 12, "test", "", {}, {}, 0, 1), {})
    training = make_training(make_attngan(), collapse=0.05)
    observer, _ = observed(training, lambda *_: result)
    observer.sample(16, training.ema)
    observer.evaluate(16, training.ema)
    observer.evaluate(16, training.ema)  # done already, as after a stop
    assert [sorted(line) for line in lines(training)] == [
        ["images", *sorted(NAMES)],
        ["frechet/x", "images"],
    ]


def test_real_pictures_are_of_the_class_first(
    make_attngan: Callable[..., AttnGAN], make_training: Callable[..., Training], birds: Dataset
) -> None:
    """Four pictures of each of three species, so that each comes with four others."""
    training = make_training(make_attngan(), collapse=0.05)
    detector = CollapseDetector(training.run, training.system, birds, Tracker([]), [0, 5])
    drawn, real = detector.pictures(training.ema)
    assert drawn.shape == real.shape == (2, PICTURES, 3, 16, 16)
    labels = birds.test.labels
    for row in (0, 5):
        rows = detector._like(row)
        assert len(set(rows.tolist())) == PICTURES
        assert (labels[rows] == labels[row]).tolist() == [True] * 4 + [False] * 4
    assert not torch.equal(drawn[0, 0], drawn[0, 1]) and not torch.equal(drawn[0], drawn[1])
