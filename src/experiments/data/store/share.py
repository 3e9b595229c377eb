"""A part of the training split: how much a model needs. The test split is never touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from experiments.data.layout.folder import hash_fraction
from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.data.store.summary import summary_of
from experiments.terminal.error import UserError


def with_share(dataset: Dataset, share: float, seed: int = 0) -> Dataset:
    """The data set with a `share` of its records to train on. Its vocabulary stays, so that arms of
    a study read the same words. Raises `UserError` for a share that is none."""
    if not 0 < share <= 1:
        raise UserError(f"data.train_share={share}: must be above 0 and at most 1")
    if share == 1:
        return dataset
    kept = share_of(dataset.train, share, seed)
    about = {"share": share, "seed": seed, "of": len(kept), "used": int(kept.sum())}
    return with_only(dataset, kept, train_share=about)


def with_only(dataset: Dataset, kept: np.ndarray, **about: Any) -> Dataset:
    """The data set with some of its records to train on, bool (N,); `about`: for its report."""
    train = dataset.train.only(kept)
    report = dataset.report | about
    report["kept"] = {"train": len(train), "test": len(dataset.test)}
    report["captions"] = len(train.lengths) + len(dataset.test.lengths)
    classes = len(np.unique(train.labels))
    report["classes"] = report["classes"] | {"train": classes}
    summary = summary_of(report, dataset.size, dataset.vocabulary, dataset.folder)
    return replace(dataset, train=train, report=report, summary=summary)


def share_of(split: Split, share: float, seed: int = 0) -> np.ndarray:
    """Which records are in a share of the split, bool (N,).

    Of each class the same share, and of each at least one record: classes stay. Where every record
    is a class of its own there are no classes to keep. A smaller share is a part of every larger
    one. The choice depends on the keys and the seed alone.
    """
    draws = np.array([hash_fraction(f"{seed}/{key}") for key in split.keys])
    order = np.lexsort((draws, split.labels))
    labels = split.labels[order]
    classes, first, counts = np.unique(labels, return_index=True, return_counts=True)
    # Record r of n in a class comes at (r + u) / n of the way from none to all: u, one number a
    # class, keeps the sum over classes from being rounded one way.
    rank = np.arange(len(order)) - np.repeat(first, counts)
    offset = np.array([hash_fraction(f"{seed}/class/{label}") for label in classes.tolist()])
    place = (rank + np.repeat(offset, counts)) / np.repeat(counts, counts)
    chosen = place < share
    if len(classes) < len(split):
        chosen |= rank == 0
    elif not chosen.any():
        chosen[np.argmin(place)] = True
    found = np.zeros(len(split), bool)
    found[order] = chosen
    return found
