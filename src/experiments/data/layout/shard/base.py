"""A shard: a file with many rows, of which light columns are read in order and heavy cells by row.

Whatever is wrong with the file as a whole is a `UserError` that names it; with a row, a `BadInput`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from experiments.file.name import plain
from experiments.terminal.error import UserError, reason_of

GROUP = 256  # rows that lie together, where a format does not say


class Shard(Protocol):
    """`name`: what keys of its rows begin with. It pickles without what it has opened."""

    name: str
    path: Path

    def groups(self) -> np.ndarray:
        """How many rows lie together and are read together, int64 (groups,); their sum is the
        number of rows."""

    def rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """The values of some columns, row by row."""

    def key(self, row: int) -> str:
        """Of a row, after the name: its own, or its number."""

    def close(self) -> None:
        """Let go of what is held of it; it opens again when it is asked."""

    def cell(self, row: int, column: str) -> Any:
        """One value: bytes of a file, or {"bytes": ..., "path": ...}, or a path."""


def even_groups(count: int, size: int = GROUP) -> np.ndarray:
    """Groups of `size` rows and a rest, int64 (groups,)."""
    whole, rest = divmod(count, size)
    return np.array([size] * whole + [rest] * bool(rest), np.int64)


def value_at(row: Mapping[str, Any], column: str) -> Any:
    """The value of a column, or of a field of a structure by its dotted name; None where it is not
    there."""
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def top_columns(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns of a table, `names`, that hold some columns or fields of structures."""
    tops = [column if column in names else column.partition(".")[0] for column in columns]
    return list(dict.fromkeys(tops))


def broken(path: Path, error: object) -> UserError:
    """A shard that cannot be read."""
    said = reason_of(error) if isinstance(error, BaseException) else str(error)
    return UserError(f"{plain(path)}: cannot be read ({said}); fetch it again, or take it away")
