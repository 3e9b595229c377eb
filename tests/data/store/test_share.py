"""`data.train_share`: smaller sets are parts of larger ones, and classes stay."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest

from experiments.data.store.dataset import Dataset
from experiments.data.store.share import share_of, with_share
from experiments.terminal.error import UserError

SHARES = (1 / 8, 1 / 4, 1 / 2, 0.999)


def test_shares_are_nested_and_keep_classes(open_tiny: Callable[..., Dataset]) -> None:
    split = open_tiny(count=400).train  # 80 classes of 4 to train on
    masks = [share_of(split, share) for share in SHARES]
    for small, large in itertools.pairwise(masks):
        assert (small <= large).all()
    for share, mask in zip(SHARES, masks, strict=True):
        assert set(split.labels[mask]) == set(split.labels)
        per_class = np.bincount(split.labels[mask])
        assert per_class.min() >= 1 and per_class.max() <= np.ceil(4 * share)
    assert masks[2].sum() == 160  # 2 of each class of 4


def test_rounding_does_not_add_up(open_tiny: Callable[..., Dataset]) -> None:
    """Half of classes of seven is 3.5 each: as many are rounded up as down."""
    split = open_tiny(count=1000).train
    split = dataclasses.replace(split, labels=np.arange(len(split)) // 7)
    assert abs(share_of(split, 0.5).sum() - len(split) / 2) < 0.04 * len(split)


def test_without_classes_a_share_is_one_of_all(open_tiny: Callable[..., Dataset]) -> None:
    split = open_tiny(count=400).train
    split = dataclasses.replace(split, labels=np.arange(len(split)))
    taken = share_of(split, 1 / 8)
    assert abs(taken.sum() - 40) < 20
    assert (share_of(split, 1e-9).sum(), share_of(split, 1.0).sum()) == (1, len(split))
    assert (taken <= share_of(split, 1 / 4)).all()


def test_the_choice_depends_on_seed_and_keys_alone(open_tiny: Callable[..., Dataset]) -> None:
    split = open_tiny(count=200).train
    chosen = share_of(split, 0.5)
    assert not np.array_equal(chosen, share_of(split, 0.5, seed=1))
    back = np.arange(len(split))[::-1]
    turned = dataclasses.replace(
        split, labels=split.labels[back], keys=[split.keys[row] for row in back]
    )
    assert np.array_equal(share_of(turned, 0.5)[back], chosen)


def test_the_share_is_told_and_the_test_split_stays(open_tiny: Callable[..., Dataset]) -> None:
    whole = open_tiny(count=200)
    half = with_share(whole, 0.5)
    assert half.test is whole.test and half.vocabulary is whole.vocabulary
    assert half.fingerprint == whole.fingerprint
    assert (
        "(80 of 160 to train on by data.train_share=0.5, 40 to test on; 40 and 40" in half.summary
    )
    assert half.report["train_share"] == {"share": 0.5, "seed": 0, "of": 160, "used": 80}
    assert half.report["captions"] == len(half.train.lengths) + len(half.test.lengths)
    kept = share_of(whole.train, 0.5)
    assert np.array_equal(half.train.images[np.arange(80)], whole.train.images[kept])
    assert with_share(whole, 1.0) is whole
    for share in (0, -1, 1.5):
        with pytest.raises(UserError, match=rf"data\.train_share={share}"):
            with_share(whole, share)
