"""Arrow's own files, mapped: those of `save_to_disk`, and what `datasets` makes of other kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.layout.shard.base import GROUP, broken, even_groups, top_columns, value_at


class ArrowShard:
    """See `base.Shard`."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._table: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "name": self.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def schema(self) -> Any:
        """The schema of Arrow, with what `datasets` wrote into it."""
        return self._opened().schema

    def groups(self) -> np.ndarray:
        return even_groups(self._opened().num_rows)

    def rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        table = self._opened()
        if not columns:
            yield from ({} for _ in range(table.num_rows))
            return
        part = table.select(top_columns(columns, table.column_names))
        for batch in part.to_batches(max_chunksize=GROUP):
            for row in batch.to_pylist():
                yield {column: value_at(row, column) for column in columns}

    def close(self) -> None:
        self._table = None

    def key(self, row: int) -> str:
        return str(row)

    def cell(self, row: int, column: str) -> Any:
        table = self._opened()
        (top,) = top_columns([column], table.column_names)
        place = int(np.searchsorted(self._ends, row, side="right"))
        begin = int(self._ends[place - 1]) if place else 0
        value = table.column(top).chunk(place)[row - begin].as_py()
        return value_at({top: value}, column)

    def _opened(self) -> Any:
        if self._table is None:
            import pyarrow

            try:
                mapped = pyarrow.memory_map(str(self.path))
                try:
                    self._table = pyarrow.ipc.open_stream(mapped).read_all()
                except pyarrow.ArrowInvalid:  # the other of Arrow's two forms
                    self._table = pyarrow.ipc.open_file(mapped).read_all()
            except Exception as error:  # whatever a damaged file leads to
                raise broken(self.path, error) from None
            chunks = self._table.column(0).chunks if self._table.num_columns else []
            self._ends = np.cumsum([len(chunk) for chunk in chunks], dtype=np.int64)
        return self._table
