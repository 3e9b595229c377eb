"""Fewer records of a data set, for a trial: `data.limit` of each split, and of every class some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from experiments.data.record import Record


def within(records: Sequence[Record], limit: int | None) -> list[Record]:
    """At most `limit` records of each split, in their order; all of them without a limit.

    Classes take turns: the first record of every class, then the second of each. So a split that
    has no more classes than the limit keeps all of them, and about as many records of each.
    """
    if limit is None:
        return list(records)
    seen: dict[tuple[str, int], int] = defaultdict(int)
    turns: dict[str, list[tuple[int, int]]] = defaultdict(list)  # by split: turn, then place
    for place, record in enumerate(records):
        turns[record.split].append((seen[record.split, record.label], place))
        seen[record.split, record.label] += 1
    kept = {place for found in turns.values() for _, place in sorted(found)[:limit]}
    return [record for place, record in enumerate(records) if place in kept]
