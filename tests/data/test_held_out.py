"""The share of the training records that a state is chosen by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.data.reader.plumage import Plumage
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.held_out import NAME, hold_out
from experiments.terminal.error import UserError


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """20 classes of 2 pictures to train on, and others to test on."""
    reader = Plumage(images_per_species=2, species=24, test_species=4)
    return open_dataset(reader, 16, tmp_path_factory.mktemp("birds"), 12, quiet=True, workers=1)


def test_whole_classes_where_the_test_split_has_its_own(birds: Dataset) -> None:
    held = hold_out(birds)
    split, rest = held.chosen.test, held.rest.train
    assert set(split.labels).isdisjoint(rest.labels) and len(set(split.labels)) == 2
    assert sorted([*split.keys, *rest.keys]) == sorted(birds.train.keys)
    assert held.about["classes"] == [birds.class_names[k] for k in sorted(set(split.labels))]
    assert (held.about["records"], held.about["of"]) == (4, 40)
    assert held.rest.test is birds.test, "what is reported stays as it is"
    first, second = held.about["classes"]
    assert held.summary == (
        "trainer.keep_best: 4 of 40 training records are held out to choose by, of the classes "
        f"{first}, {second}; 36 to train on"
    )
    assert split.name == NAME and held.chosen.train is rest


def test_records_of_every_class_where_test_classes_are_trained_on(birds: Dataset) -> None:
    seen = replace(birds, test=birds.train.only(np.arange(len(birds.train)) < 4))
    held = hold_out(seen)
    assert "classes" not in held.about and held.about["records"] == 4
    assert held.summary.endswith("of all classes; 36 to train on")
    assert set(held.rest.train.keys).isdisjoint(held.chosen.test.keys)
    assert len(held.rest.train) == 36


def test_too_few_are_refused(birds: Dataset) -> None:
    few = replace(birds, train=birds.train.only(np.arange(len(birds.train)) < 2))
    with pytest.raises(UserError, match="2 training records are too few"):
        hold_out(few)
