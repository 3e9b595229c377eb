"""Shares of processes, rows of states, and one collection whose members stay apart."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torchmetrics import MeanMetric, MetricCollection

from experiments.metric import ClassScore
from experiments.metric.rows import Rows, all_rows, collection, looked_at, require
from experiments.terminal.error import UserError


def shares(count: int, size: int, processes: int) -> tuple[list[list[Rows]], list[int]]:
    """Of each process, and how often each asked whether it is to leave."""
    asked: list[int] = []

    def look(places: np.ndarray) -> Rows:
        assert 0 < len(places) <= size, "networks are shown no empty batch"
        return {
            "place": torch.from_numpy(places),
            "twice": torch.stack([torch.ones(2)] * len(places)),
        }

    ranks: list[Any] = [
        SimpleNamespace(rank=r, processes=processes, stop_if_asked=partial(asked.append, r))
        for r in range(processes)
    ]
    found = [list(looked_at(count, size, each, look)) for each in ranks]
    return found, [asked.count(rank) for rank in range(processes)]


@pytest.mark.parametrize(
    ("count", "processes"), [(7, 1), (7, 2), (8, 2), (7, 3), (1, 4), (9, 4), (64, 5)]
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_shares_in_the_order_of_processes_are_the_places(
    count: int, processes: int, size: int
) -> None:
    found, asked = shares(count, size, processes)
    assert set(asked) == {max(map(len, found))}, "they agree at every batch of the largest share"
    rows = [batch for share in found for batch in share]
    assert torch.cat([batch["place"] for batch in rows]).tolist() == list(range(count))
    assert all(share for share in found), "each process updates its states"
    assert {tuple(batch["twice"].shape[1:]) for batch in rows} == {(2,)}
    sizes = [sum(len(batch["place"]) for batch in share) for share in found]
    assert max(sizes) - min(sizes) <= 1


def test_rows_of_states() -> None:
    parts = [torch.ones(2, 3), torch.zeros(0, 3)]
    assert all_rows(parts).shape == (2, 3) and all_rows(parts[0]).shape == (2, 3)
    assert len(all_rows([])) == 0


def test_reasons() -> None:
    require(2, {"captions": torch.ones(2, 3)})
    with pytest.raises(UserError, match="1 of the 2 captions that are needed"):
        require(2, {"images": torch.ones(2, 1), "captions": torch.ones(1, 3)})
    with pytest.raises(UserError, match="1 of 2 images gave NaN or infinity"):
        require(2, {"images": torch.tensor([[1.0, 2.0], [1.0, torch.inf]])})


def test_members_that_begin_alike_stay_apart() -> None:
    """In a collection of torchmetrics' own making they are one from then on."""
    logits = torch.eye(4).repeat(5, 1)

    def updated(make: Any) -> MetricCollection:
        same = torch.nn.Identity()
        found = make({"a": ClassScore(same, 2), "b": ClassScore(same, 2)})
        found.update(logits)
        found["b"].update(9 * logits)
        found.update(logits)
        return found  # type: ignore[no-any-return]

    joined = updated(MetricCollection)
    assert joined["a"].compute() == joined["b"].compute()
    apart = updated(collection)
    assert apart["a"].compute() != apart["b"].compute()


def test_the_order_of_a_collection_is_the_given_one() -> None:
    assert list(collection({"b": MeanMetric(), "a": MeanMetric()})) == ["b", "a"]


def test_public_names() -> None:
    from experiments import metric

    for name in metric.__all__:
        assert getattr(metric, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        metric.Nothing  # noqa: B018
