"""Clips that a classifier does not read as they are known to be are not trained on."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.data.reader.digits import Digits
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.view.clip import ClipView
from experiments.run import checkpoint
from experiments.run.folder import run_facts
from experiments.run.pretrained import without_pretrained
from experiments.terminal.error import UserError
from experiments.trainer.sifting import believed, chosen
from tests.data.films import train, train_together
from tests.metric.test_clip import CPU, FORM, Knowing


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    reader = Digits(frames=8, side=16, train_clips=40, test_clips=10, glyphs="drawn")
    return open_dataset(reader, 16, tmp_path_factory.mktemp("digits"), quiet=True, workers=1)


@pytest.fixture(scope="module")
def judge(digits: Dataset) -> Knowing:
    """Reads motions right, and takes each digit for the first."""
    view = ClipView(FORM).open(digits, digits.train)
    real = view.stages(view.real(np.arange(len(digits.train))))[-1]
    return Knowing(dataclasses.replace(digits, test=digits.train), real, blind="digit").eval()


def test_clips_that_are_read_otherwise_leave(digits: Dataset, judge: Knowing) -> None:
    column = list(digits.attribute_values).index("digit")
    found = believed(digits, judge, 1.0, CPU)
    right = digits.train.attributes[:, column] == 0
    assert 0 < right.sum() < 40
    assert list(found.train.keys) == list(np.array(digits.train.keys)[right])
    (reason,) = found.report["filter"]["reasons"]
    assert reason == "not read as known by data.filter.classifier"
    assert found.report["filter"]["reasons"][reason] == 40 - right.sum()
    assert len(believed(digits, judge, 0.5, CPU).train) == 40, "motions are read right"


def test_a_verdict_is_kept(
    digits: Dataset, judge: Knowing, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = believed(digits, judge, 1.0, CPU)
    monkeypatch.setattr(judge, "known", judge.known + 1)  # it would say otherwise now
    assert list(believed(digits, judge, 1.0, CPU).train.keys) == list(first.train.keys)


def test_a_run_has_a_filter_where_it_is_chosen(digits: Dataset) -> None:
    words = ["model=vgan", "data=digits"]
    config = plain(checked_compose(words))
    assert "filter" not in config["data"] and chosen(digits, config, CPU) is digits
    config = plain(checked_compose([*words, "data/filter=clips", "data.filter.motion=1e6"]))
    with pytest.raises(UserError, match=r"data\.filter: leaves none"):
        chosen(digits, config, CPU)
    config["data"]["filter"] |= {"motion": None, "classifier": "abc"}
    with pytest.raises(UserError, match=r"data\.filter\.classifier: is no classifier of clips"):
        chosen(digits, config, CPU)


def test_a_classifier_that_is_not_trained_yet_says_nothing(digits: Dataset) -> None:
    config = plain(checked_compose(["model=vgan", "data=digits", "data/filter=judged"]))
    assert chosen(digits, without_pretrained(config, "data"), CPU) is digits  # as rehearsed
    config["data"]["filter"]["classifier"]["pretrained"] = None
    with pytest.raises(UserError, match=r"data\.filter\.classifier\.pretrained=null: nobody"):
        chosen(digits, config, CPU)


def test_two_processes_train_on_the_clips_that_one_does(together: Any, tmp_path: Path) -> None:
    one = train(tmp_path / "one", 8, motion=70.0)
    both = train_together(together, tmp_path / "both", 8, 70.0)
    told, others = (run_facts(folder)["data_counts"]["filter"] for folder in (one, both))
    (count,) = told["reasons"].values()
    assert told == others and told["of"] == 40 and 0 < count < 40
    alone, shared = (checkpoint.load_newest(folder) for folder in (one, both))
    assert alone is not None and shared is not None
    for name, value in alone["system"].items():
        torch.testing.assert_close(shared["system"][name], value, rtol=1e-4, atol=1e-5)
