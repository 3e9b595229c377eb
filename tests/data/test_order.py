from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch

from experiments.data.order import ClassOrder
from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.data.view.caption import Captions
from experiments.terminal.error import UserError
from tests.data.made_batches import make_batches


@pytest.fixture
def split(open_tiny: Callable[..., Dataset]) -> Split:
    """40 images in 8 classes: the first has 12, the others 4 each, in mixed order."""
    split = open_tiny(count=50).train
    labels = np.repeat([3, 5, 6, 7, 8, 9, 11, 20], [12, 4, 4, 4, 4, 4, 4, 4])
    return dataclasses.replace(split, labels=np.random.default_rng(0).permutation(labels))


def test_every_image_of_a_batch_is_of_another_class(split: Split) -> None:
    for batch in (2, 5, 8):
        order = ClassOrder(split, batch, 0)
        for images_seen in range(0, 50 * batch, batch):
            labels = split.labels[order.rows(images_seen)]
            assert len(labels) == len(set(labels.tolist())) == batch


def test_classes_are_drawn_alike_and_the_images_of_each_too(split: Split) -> None:
    """Not images: a class of twelve comes no more often than one of four."""
    order = ClassOrder(split, 4, 0)
    rows = np.concatenate([order.rows(images_seen) for images_seen in range(0, 8000, 4)])
    _, counts = np.unique(split.labels[rows], return_counts=True)
    assert (abs(counts / 1000 - 1) < 0.1).all()
    of_first = np.bincount(rows, minlength=len(split))[split.labels == 3]
    assert len(of_first) == 12 and of_first.min() > 50


def test_a_batch_is_a_function_of_seed_and_images_seen(split: Split) -> None:
    order = ClassOrder(split, 6, 1)
    late = order.rows(600)
    order.rows(0)
    assert order.rows(600).tolist() == late.tolist()
    assert ClassOrder(split, 6, 1).rows(600).tolist() == late.tolist()
    assert ClassOrder(split, 6, 2).rows(600).tolist() != late.tolist()
    assert order.rows(606).tolist() != late.tolist()


def test_two_processes_have_the_halves_of_one(split: Split) -> None:
    def rows(rank: int, processes: int) -> torch.Tensor:
        batches = make_batches(split, 8, 3, 6, "none", rank, processes, sampling="classes")
        batch = batches.at(80)
        assert torch.equal(batch.labels, torch.from_numpy(split.labels)[batch.rows])
        assert torch.equal(
            torch.from_numpy(split.caption_image)[batch.of(Captions).rows], batch.rows
        )
        return batch.rows

    whole = rows(0, 1)
    assert torch.equal(torch.cat([rows(0, 2), rows(1, 2)]), whole)
    assert len(set(split.labels[whole].tolist())) == 8


def test_a_batch_of_more_than_there_are_classes_is_refused(split: Split) -> None:
    with pytest.raises(UserError, match=r"trainer.batch=9: .* 8 to train on; use .* at most 8"):
        make_batches(split, 9, 0, 8, sampling="classes")
