"""Scores that set features of generated pictures beside those of real ones, of every extractor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from experiments.metric.extractor import Given
from experiments.metric.frechet import FrechetDistance
from experiments.metric.frechet_infinity import FrechetInfinity
from experiments.metric.kernel import KernelDistance
from experiments.metric.neighbour import Neighbours, NeighbourScore
from experiments.metric.result import Scored
from experiments.metric.rows import RowScore, require
from experiments.terminal.error import UserError

NEIGHBOURS = "neighbours"  # the name of four scores until they are computed
BESIDE = ("frechet", "frechet_infinity", "kernel", NEIGHBOURS)


def beside(
    given: Given, seed: int, subsets: int = 100, subset_size: int | None = None
) -> dict[str, Callable[..., Metric]]:
    """Of each of `BESIDE` what makes it, with options of `torchmetrics.Metric`."""
    makers: tuple[Callable[..., Metric], ...] = (
        partial(FrechetDistance, given),
        partial(FrechetInfinity, given, seed),
        partial(KernelDistance, given, subsets, subset_size, seed),
        partial(NeighbourScore, given, seed=seed),
    )
    return dict(zip(BESIDE, makers, strict=True))


class Halves(RowScore):
    """A score of two sets, of two random halves of one."""

    kept = ("features",)

    def __init__(self, make: Callable[..., Metric], seed: int) -> None:
        """`make` gives the score, with options of `torchmetrics.Metric`."""
        super().__init__()
        self.make, self.seed = make, seed

    def update(self, features: Tensor) -> None:
        self.keep(features)

    def compute(self) -> Any:
        (features,) = self.rows()
        require(4, {"real images": features})
        order = torch.randperm(len(features), generator=torch.Generator().manual_seed(self.seed))
        distance = self.make(sync_on_compute=False)  # all processes have all rows here
        for half, real in zip(order.tensor_split(2), (True, False), strict=True):
            distance.update(features[half], real=real)
        try:
            return distance.compute()
        except UserError as error:
            raise type(error)(f"of two halves: {error}") from None


def tell_neighbours(found: Scored, name: str, value: Neighbours | None) -> None:
    """The four scores, or why there are none, under their own names. `name`: that of the metric."""
    names = {word: f"{word}/{name.partition('/')[2]}" for word in Neighbours._fields}
    if value is not None:
        found.scores |= {names[word]: getattr(value, word).item() for word in names}
        return
    found.skipped |= dict.fromkeys(names.values(), found.skipped.pop(name))
    if name in found.undefined:
        found.undefined.remove(name)
        found.undefined += names.values()
