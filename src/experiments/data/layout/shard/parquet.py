"""Parquet, of which a cell is read with the group of rows that it lies in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.layout.shard.base import broken, top_columns, value_at
from experiments.terminal.error import UserError

MAX_GROUP = 4_000_000_000  # bytes of one column of a group of rows, unpacked
HELD, HELD_BYTES = 10, 4_000_000_000  # columns of groups that stay in memory, of all shards
BATCH = 1024


class Groups:
    """Columns of groups of rows, of which those stay that were used last: the stream of a training
    run reads several groups in turn."""

    def __init__(self) -> None:
        self._held: dict[tuple[Path, str, int], Any] = {}

    def get(self, key: tuple[Path, str, int], read: Callable[[], Any]) -> Any:
        """`read` gives what is not held."""
        found = self._held.pop(key, None)
        if found is None:
            while self._held and (len(self._held) >= HELD or self._bytes() > HELD_BYTES):
                self._held.pop(next(iter(self._held)))  # before the next one is read
            found = read()
        self._held[key] = found
        return found

    def drop(self, path: Path) -> None:
        """Those of a file."""
        for key in [key for key in self._held if key[0] == path]:
            del self._held[key]

    def _bytes(self) -> int:
        return sum(table.nbytes for table in self._held.values())


class ParquetShard:
    """See `base.Shard`."""

    held = Groups()  # of all shards of a process

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._file: Any = None
        self._sums = np.zeros(0, np.int64)  # rows until the end of each group, once it is opened

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "name": self.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def schema(self) -> Any:
        """The schema of Arrow, with what `datasets` wrote into it."""
        return self._opened().schema_arrow

    def groups(self) -> np.ndarray:
        about = self._opened().metadata
        return np.array(
            [about.row_group(n).num_rows for n in range(about.num_row_groups)], np.int64
        )

    def rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        file = self._opened()
        if not columns:
            yield from ({} for _ in range(file.metadata.num_rows))
            return
        try:
            # A field of a structure is read without the others.
            batches = file.iter_batches(BATCH, columns=list(columns), use_threads=False)
            for batch in batches:
                for row in batch.to_pylist():
                    yield {column: value_at(row, column) for column in columns}
        except Exception as error:  # whatever a damaged file leads to
            raise broken(self.path, error) from None

    def close(self) -> None:
        self._file = None
        self.held.drop(self.path)

    def key(self, row: int) -> str:
        return str(row)

    def cell(self, row: int, column: str) -> Any:
        self._opened()
        group = int(np.searchsorted(self._sums, row, side="right"))
        found = self.held.get((self.path, column, group), lambda: self._read(group, column))
        begin = int(self._sums[group - 1]) if group else 0
        value = found.slice(row - begin, 1).to_pylist()[0]
        return value_at(value, column)

    def _read(self, group: int, column: str) -> Any:
        file = self._opened()
        about = file.metadata.row_group(group)
        size = sum(
            about.column(n).total_uncompressed_size
            for n in range(about.num_columns)
            if about.column(n).path_in_schema.split(".")[0] in top_columns([column], [column])
        )
        if size > MAX_GROUP:
            raise UserError(f"{self.path}: a group of rows has {size:,} bytes; write smaller ones")
        try:
            top = top_columns([column], file.schema_arrow.names)
            return file.read_row_group(group, columns=top, use_threads=False)
        except Exception as error:
            raise broken(self.path, error) from None

    def _opened(self) -> Any:
        if self._file is None:
            import pyarrow.parquet

            try:
                self._file = pyarrow.parquet.ParquetFile(self.path, memory_map=True)
            except Exception as error:
                raise broken(self.path, error) from None
            self._sums = np.cumsum(self.groups())
        return self._file
