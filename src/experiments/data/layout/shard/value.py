"""What light columns of a source say as a whole: classes, splits, and which key tests first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from experiments.data.layout.folder import hash_fraction
from experiments.data.layout.shard.base import Shard
from experiments.data.layout.shard.column import Column
from experiments.data.layout.shard.opened import Opened
from experiments.file.name import is_name

MAX_LABEL = 200  # letters


def text_of(value: Any, column: Column | None) -> str:
    """A label or split as a name; empty where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if column is not None and column.names and isinstance(value, int):
        return column.names[value] if 0 <= value < len(column.names) else ""
    if isinstance(value, int) and abs(value) >= 2**63:  # it has no text
        return ""
    name = str(value).strip()
    return name if len(name) <= MAX_LABEL and is_name(name) else ""


def values_of(opened: Opened, column: Column | None) -> list[str]:
    """All values of a column as names, in their order: those of its feature, or sorted; none for
    no column."""
    if column is None:
        return []
    if column.names:
        return list(column.names)
    found: set[str] = set()
    for shard in shards_of(opened):
        found |= {text_of(cells[column.name], column) for cells in shard.rows([column.name])}
        shard.close()
    whole = all(name.lstrip("-").isdecimal() for name in found - {""})
    return sorted(found - {""}, key=int if whole else str)


def least_key(shards: Iterable[Shard]) -> str:
    """The key with the least hash, which is a test whatever the share is."""
    fractions = ((hash_fraction(key), key) for shard in shards for key in keys_of(shard))
    return min(fractions, default=(0.0, ""))[1]


def keys_of(shard: Shard) -> Iterator[str]:
    """Of all rows of a shard."""
    for row in range(int(shard.groups().sum())):
        yield f"{shard.name}/{shard.key(row)}"
    shard.close()


def shards_of(opened: Opened) -> Iterator[Shard]:
    """Of all splits."""
    for shards in opened.splits.values():
        yield from shards
