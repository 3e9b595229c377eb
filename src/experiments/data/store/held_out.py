"""A share of the training records that is left out of training, to choose a state of a run by.

It is held out as the test split of the same data is: whole classes where that has classes of its
own, else records of every class. Which ones is a function of the data alone, so that runs of other
seeds choose on the same.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.data.store.dataset import Dataset
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

SHARE = 10  # one in so many
LEAST = 2  # records: fewer cannot be told apart
NAME = "held out of train"
FEW = 12  # classes that the line names


@dataclass(frozen=True)
class HeldOut:
    """`rest`: the data set that trains; its test split is as before. `chosen`: the same with the
    held-out records as its test split. `about`: what they are, for the record."""

    rest: Dataset
    chosen: Dataset
    about: dict[str, Any]

    @property
    def summary(self) -> str:
        """One line to show at the start of a run."""
        count, of = self.about["records"], self.about["of"]
        classes = self.about.get("classes", [])
        named = ", ".join(classes[:FEW])
        if len(classes) > FEW:
            named += f" and {len(classes) - FEW} more"
        whence = f"of the classes {named}" if classes else "of all classes"
        return (
            f"trainer.keep_best: {count:,} of {number_of(of, 'training record', ',')} are held "
            "out to choose by, "
            f"{whence}; {of - count:,} to train on"
        )


def hold_out(dataset: Dataset) -> HeldOut:
    """Leave one class in ten, or one record in ten, out of training. Raises `UserError` where there
    are too few."""
    train = dataset.train
    classes = np.unique(train.labels)
    whole = len(classes) > 1 and not np.isin(classes, dataset.test.labels).any()
    if whole:
        held = _spread(classes)
        gone = np.isin(train.labels, held)
    else:
        gone = np.zeros(len(train), bool)
        gone[_spread(np.argsort(train.labels, kind="stable"))] = True
    if gone.sum() < LEAST or (~gone).sum() < LEAST:
        raise UserError(
            f"trainer.keep_best: {number_of(len(train), 'training record')} are too few to hold "
            "a share out; "
            "leave it away, or train with more data"
        )
    split = dataclasses.replace(train.only(gone), name=NAME)
    about: dict[str, Any] = {"records": len(split), "of": len(train)}
    if whole:
        about["classes"] = [dataset.class_names[int(label)] for label in held]
    rest = dataclasses.replace(dataset, train=train.only(~gone))
    return HeldOut(rest, dataclasses.replace(rest, test=split), about)


def _spread(items: np.ndarray) -> np.ndarray:
    """One in `SHARE`, at least one, from all over."""
    count = max(1, round(len(items) / SHARE))
    return items[((np.arange(count) + 0.5) * len(items) / count).astype(int)]
