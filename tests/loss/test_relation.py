"""Which pair is called what: the table of the release, and its losses by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from experiments.loss.relation import RelationLoss

CERTAIN = 50.0


def says(label: int, rows: int = 2) -> Tensor:
    """Logits of a classifier that is sure."""
    logits = torch.zeros(rows, 3)
    logits[:, label] = CERTAIN
    return logits


NONE = torch.tensor([False, False])


@pytest.mark.parametrize(
    ("name", "label"), [("identical", 0), ("related", 1), ("unrelated", 2), ("generated", 1)]
)
def test_the_table_of_labels(name: str, label: int) -> None:
    """Each term alone is small where the classifier says its label, and large where it says
    another."""
    for said in range(3):
        terms = RelationLoss().classifier(*[says(said)] * 4, NONE)
        expected = 0.0 if said == label else CERTAIN
        assert float(terms[name]) == pytest.approx(expected, abs=1e-4)


def test_the_generator_wants_the_label_that_the_classifier_is_taught() -> None:
    loss = RelationLoss()
    assert float(loss.generator(says(1))) == pytest.approx(0.0, abs=1e-4)
    assert float(loss.generator(torch.zeros(2, 3))) == pytest.approx(math.log(3))
    # The fourth output that was released is no label: it only takes a share.
    assert float(loss.generator(torch.zeros(2, 4))) == pytest.approx(math.log(4))


def test_generated_pairs_need_not_train_the_classifier() -> None:
    terms = RelationLoss(train_on_fake=False).classifier(*[says(1)] * 4, NONE)
    assert set(terms) == {"identical", "related", "unrelated"}


def test_a_picture_that_is_its_own_other_is_not_called_identical() -> None:
    """Of sets without classes no picture is."""
    logits = torch.zeros(2, 3)
    for itself, expected in (([False, True], math.log(3) / 2), ([True, True], 0.0)):
        terms = RelationLoss().classifier(*[logits] * 4, torch.tensor(itself))
        assert float(terms["identical"]) == pytest.approx(expected)
        assert float(terms["related"]) == pytest.approx(math.log(3))
