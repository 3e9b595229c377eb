"""Attribute accuracy: does a picture show what its caption states?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from experiments.metric.rows import RowScore
from experiments.terminal.error import UserError


class Shown(NamedTuple):
    """`attribute_accuracy`, `attribute_chance` and `attribute_hits`."""

    accuracy: dict[str, float]
    chance: dict[str, float]
    hits: Tensor


class AttributeAccuracy(RowScore):
    """Share of the attributes that captions state and their pictures show.

    `compute` gives `Shown`; it raises `UserError` where there was no picture.
    """

    kept = ("predicted", "stated")

    def __init__(
        self, names: Sequence[str], colour_names: Collection[str] = (), **options: Any
    ) -> None:
        super().__init__(**options)
        self.names, self.colour_names = list(names), set(colour_names)

    def update(self, predicted: Tensor, stated: Tensor) -> None:
        """A batch of the arguments of `attribute_accuracy`."""
        self.keep(predicted, stated)

    def compute(self) -> Shown:
        """Of all processes' pictures together."""
        predicted, stated = self.rows()
        if not len(stated):
            raise UserError("nothing read the attributes of images")
        hits = attribute_hits(predicted, stated)
        return Shown(
            mean_hits(hits, self.names, self.colour_names),
            attribute_chance(stated, self.names, self.colour_names),
            hits,
        )


def attribute_accuracy(
    predicted: Tensor, stated: Tensor, names: Sequence[str], colour_names: Collection[str] = ()
) -> dict[str, float]:
    """Share of stated attributes that the picture shows.

    predicted, stated: (n, A) int64 values of the attributes `names`; -1 in `stated` where the
    caption says nothing, and in `predicted` where nothing could be read (a miss).
    Returns one entry per attribute that some caption states, "mean" (over those attributes, equally
    weighted) and "colour" (over those of `colour_names`); empty where nothing is stated.
    """
    return mean_hits(attribute_hits(predicted, stated), names, colour_names)


def attribute_hits(predicted: Tensor, stated: Tensor) -> Tensor:
    """(n, A) float64: 1 where a picture shows what its caption states, 0 where it does not, NaN
    where nothing is stated. Arguments as above."""
    assert predicted.shape == stated.shape, f"{tuple(predicted.shape)}, {tuple(stated.shape)}"
    return (predicted == stated).double().masked_fill(stated < 0, torch.nan)


def mean_hits(
    hits: Tensor, names: Sequence[str], colour_names: Collection[str] = ()
) -> dict[str, float]:
    """Accuracies of what `attribute_hits` gave, by name as above."""
    _check(hits, names, colour_names)
    counts = (~hits.isnan()).sum(0)
    return _summary(hits.nansum(0) / counts, counts, names, colour_names)


def averages(names: Sequence[str], colour_names: Collection[str] = ()) -> dict[str, list[str]]:
    """What "mean" and "colour" are averages of, given the attributes that some caption states."""
    colours = [name for name in names if name in colour_names]
    return {key: list(of) for key, of in (("mean", names), ("colour", colours)) if of}


def attribute_chance(
    stated: Tensor, names: Sequence[str], colour_names: Collection[str] = ()
) -> dict[str, float]:
    """Accuracy of the attributes of another picture, drawn at random: the same keys.

    For an attribute stated N times, value v of them N_v times, p_v = N_v / N: a stated value is v
    with probability p_v, and so is the value of a picture drawn from the set (with replacement), so
    they agree with probability sum_v p_v^2. "mean" and "colour" average over attributes as above.
    """
    _check(stated, names, colour_names)
    known = stated >= 0
    agree = torch.zeros(len(names), dtype=torch.float64)
    for column in range(len(names)):
        _, count = stated[:, column][known[:, column]].unique(return_counts=True)
        agree[column] = (count.double() / count.sum()).square().sum()
    return _summary(agree, known.sum(0), names, colour_names)


def _check(stated: Tensor, names: Sequence[str], colour_names: Collection[str]) -> None:
    assert stated.ndim == 2 and stated.shape[1] == len(names), "stated is (n, attributes)"
    unknown = set(colour_names) - set(names)
    assert not unknown, f"colours that are no attributes: {sorted(unknown)}"
    reserved = {"mean", "colour"} & set(names)
    assert not reserved, f"names kept for averages: {sorted(reserved)}"


def _summary(
    values: Tensor, counts: Tensor, names: Sequence[str], colour_names: Collection[str]
) -> dict[str, float]:
    triples = zip(names, values.tolist(), counts.tolist(), strict=True)
    result = {name: value for name, value, count in triples if count}
    means = {
        key: sum(result[name] for name in of) / len(of)
        for key, of in averages(list(result), colour_names).items()
    }
    return result | means
