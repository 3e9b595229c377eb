"""Attribute accuracy: does a picture show what its caption states?"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor


def attribute_accuracy(
    predicted: Tensor,
    stated: Tensor,
    names: Sequence[str],
    colour_names: Collection[str] = (),
) -> dict[str, float]:
    """Share of stated attributes that the picture shows.

    predicted, stated: (n, A) int64 values of the attributes `names`; -1 in `stated` where the
    caption says nothing, and in `predicted` where nothing could be read (a miss).
    Returns one entry per attribute that some caption states, "mean" (over those attributes, equally
    weighted) and "colour" (over those of `colour_names`); empty where nothing is stated.
    """
    _check(stated, names, colour_names)
    assert predicted.shape == stated.shape, f"{tuple(predicted.shape)}, {tuple(stated.shape)}"
    known = stated >= 0
    right = ((predicted == stated) & known).sum(0).double()
    counts = known.sum(0)
    return _summary(right / counts, counts, names, colour_names)


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
    colours = [value for name, value in result.items() if name in colour_names]
    if result:
        mean = sum(result.values()) / len(result)
        result["mean"] = mean
    if colours:
        result["colour"] = sum(colours) / len(colours)
    return result
