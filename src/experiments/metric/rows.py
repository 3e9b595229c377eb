"""Rows of scores that need all pictures at once, and the batches that they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.utilities.distributed import gather_all_tensors

from experiments.machine.rank import Ranks
from experiments.metric.result import Undefined
from experiments.terminal.error import UserError

Rows = dict[str, Tensor]


class RowScore(Metric):
    """A score of rows: a list state for each name in `kept`, gathered in the order of processes."""

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    kept: tuple[str, ...]

    def __init__(self, **options: Any) -> None:
        """`options`: those of every `torchmetrics.Metric`."""
        super().__init__(**options)
        for name in self.kept:
            self.add_state(name, [], dist_reduce_fx="cat")

    def keep(self, *rows: Tensor) -> None:
        """A batch of each of `kept`."""
        for name, values in zip(self.kept, rows, strict=True):
            getattr(self, name).append(values)

    def rows(self) -> list[Tensor]:
        """All of each of `kept`."""
        return [all_rows(getattr(self, name)) for name in self.kept]


def collection(metrics: Mapping[str, Metric]) -> MetricCollection:
    """In this order; each member keeps states of its own. torchmetrics would otherwise join those
    whose states agree after the first batch, and an empty list agrees with every list."""
    joined = MetricCollection({}, compute_groups=False)
    for name, metric in metrics.items():
        joined[name] = metric
    return joined


def looked_at(
    count: int, size: int, ranks: Ranks, look: Callable[[np.ndarray], Rows]
) -> Iterator[Rows]:
    """What `look` gives for this process's share of `count` places, at most `size` of them at once.

    Shares are runs of neighbours, so the rows that a score gathers are in the order of places. A
    process without a share looks at the first place and keeps none of its rows, since torchmetrics
    gathers tensors of one number of dimensions. Before each look all processes ask whether one of
    them is to leave, as often as the one with the largest share: raises `Stopped`.
    """
    mine = np.array_split(np.arange(count), ranks.processes)[ranks.rank]
    parts = np.array_split(mine, range(size, len(mine), size))
    for turn in range(max(1, -(-count // (size * ranks.processes)))):
        ranks.stop_if_asked()
        if turn < len(parts):
            places = parts[turn]
            rows = look(places if len(places) else np.zeros(1, dtype=np.int64))
            yield {name: values[: len(places)] for name, values in rows.items()}


def gathered(rows: Rows) -> Rows:
    """The rows of all processes, in their order, on the CPU."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        rows = {name: torch.cat(gather_all_tensors(values)) for name, values in rows.items()}
    return {name: values.cpu() for name, values in rows.items()}


def all_rows(state: list[Tensor] | Tensor) -> Tensor:
    """The rows of a list state, on the CPU: what was drawn and rounded there stays the same."""
    parts = [state] if isinstance(state, Tensor) else state
    return torch.cat([part.detach().cpu() for part in parts]) if parts else torch.empty(0)


def require(least: int, sides: Mapping[str, Tensor]) -> None:
    """Raises `UserError` with the reason where one of `sides`, by what they are called, has fewer
    rows than `least`, and `Undefined` for rows that are not finite."""
    for side, values in sides.items():
        if len(values) < least:
            if least == 1:
                raise UserError(f"none of the {side}, of which one at least is needed")
            raise UserError(f"{len(values)} of the {least} {side} that are needed")
        if bad := int((~values.isfinite()).flatten(1).any(1).sum()):
            raise Undefined(f"{bad} of {len(values)} {side} gave NaN or infinity")
