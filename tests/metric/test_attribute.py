"""Attribute accuracy and its chance, by hand."""

from __future__ import annotations

import pytest
import torch

from experiments.metric.attribute import attribute_accuracy, attribute_chance

NAMES = ("crown", "wing", "pattern", "tail")
STATED = torch.tensor([[0, 1, -1, -1], [0, -1, 2, -1], [1, 1, 2, -1], [2, 1, 0, -1]])
PREDICTED = torch.tensor([[0, 0, 2, 1], [0, 1, 2, 1], [0, 1, 0, 1], [2, -1, 0, 1]])


def test_accuracy_counts_what_is_stated() -> None:
    found = attribute_accuracy(PREDICTED, STATED, NAMES, {"crown", "wing", "tail"})
    assert found == pytest.approx(
        {
            "crown": 3 / 4,
            "wing": 1 / 3,  # the picture that could not be read is a miss
            "pattern": 2 / 3,
            "mean": (3 / 4 + 1 / 3 + 2 / 3) / 3,
            "colour": (3 / 4 + 1 / 3) / 2,
        }
    )


def test_chance_by_hand() -> None:
    # crown: values 0, 0, 1, 2: 1/4 + 1/16 + 1/16. wing: always 1. pattern: 2, 2, 0: 4/9 + 1/9.
    chance = attribute_chance(STATED, NAMES, {"crown", "wing"})
    assert chance == pytest.approx(
        {
            "crown": 3 / 8,
            "wing": 1.0,
            "pattern": 5 / 9,
            "mean": (3 / 8 + 1 + 5 / 9) / 3,
            "colour": (3 / 8 + 1) / 2,
        }
    )


def test_chance_is_what_shuffled_pictures_reach() -> None:
    generator = torch.Generator().manual_seed(0)
    stated = torch.randint(0, 6, (20000, 1), generator=generator).clamp(max=3)
    shuffled = stated[torch.randperm(20000, generator=generator)]
    chance = attribute_chance(stated, ["crown"])["crown"]
    accuracy = attribute_accuracy(shuffled, stated, ["crown"])["crown"]
    assert accuracy == pytest.approx(chance, abs=0.015)


def test_truth_scores_one_and_nothing_stated_gives_nothing() -> None:
    assert set(attribute_accuracy(STATED, STATED, NAMES).values()) == {1.0}
    silent = torch.full_like(STATED, -1)
    assert attribute_accuracy(PREDICTED, silent, NAMES, {"crown"}) == {}
    assert attribute_chance(silent, NAMES, {"crown"}) == {}


def test_colours_must_be_attributes() -> None:
    with pytest.raises(AssertionError, match="beak"):
        attribute_chance(STATED, NAMES, {"beak"})
