"""Pictures of a pair: another one of the same class."""

from __future__ import annotations

import numpy as np
import torch

from experiments.data.batches import Batches
from experiments.data.store.dataset import Dataset
from experiments.data.view.caption import CAPTION, CaptionView
from experiments.data.view.picture import Pictures, PictureView
from experiments.data.view.stranger import Fellows
from tests.data.made_batches import flat


def test_fellows_are_all_the_others_of_a_class_and_equally_often() -> None:
    labels = np.array([2, 0, 2, 1, 2, 0])
    fellows, rng = Fellows(labels), np.random.default_rng(0)
    rows = np.repeat(np.arange(6), 4000)
    found = fellows.of(rows, rng).reshape(6, 4000)
    others = {0: {2, 4}, 1: {5}, 2: {0, 4}, 3: {3}, 4: {0, 2}, 5: {1}}
    for row, wanted in others.items():
        drawn, counts = np.unique(found[row], return_counts=True)
        assert set(drawn) == wanted and counts.min() > 4000 / len(wanted) * 0.9


def test_without_classes_every_picture_is_its_own_other() -> None:
    rows = np.array([4, 0, 2])
    found = Fellows(np.zeros(5, int)).of(rows, np.random.default_rng(0))
    assert (found == rows).all()


def test_others_come_last_and_change_nothing_of_the_rest(birds: Dataset) -> None:
    def drawn(other: bool) -> dict[str, torch.Tensor]:
        views = [CaptionView(mismatch="class_aware"), PictureView([8, 16], CAPTION, other)]
        opened = [view.open(birds, birds.train) for view in views]
        return flat(Batches(birds.train, 8, 0, opened).at(24))

    plain, more = drawn(False), drawn(True)
    assert more.keys() - plain.keys() == {"picture.other_pixels", "picture.itself"}
    assert all(torch.equal(more[name], value) for name, value in plain.items())
    assert not more["picture.itself"].any()


def test_others_are_cut_alike_at_the_largest_size(birds: Dataset) -> None:
    view = PictureView([8, 16], other=True).open(birds, birds.train)
    rows = np.array([3, 1])
    other = view.fellows.of(rows, np.random.default_rng(1))
    choice = view.plain(rows) | {"other": other}
    made = view.ready(view.take(choice))
    assert isinstance(made, Pictures) and made.other is not None and made.itself is not None
    wanted = view.ready(view.take(view.plain(other)))
    assert isinstance(wanted, Pictures) and torch.equal(made.other, wanted.images[-1])
    blank = view.blank(2, {})
    assert blank.other is not None and blank.other.shape == made.other.shape
