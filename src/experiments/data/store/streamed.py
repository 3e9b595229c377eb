"""The pictures of a data set, read where they lie: files, and cells of parquet, Arrow and tars.

Each is decoded once before the first run, so that what cannot be is left out and counted as
elsewhere; what is kept of that are the groups, which say what lies together in a shard and is read
together (`data/shard_order.py`).

    stream/groups.npy   int64 (N,), the group of each record; a group is a stretch of the records
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.data.images import read_crop
from experiments.data.record import Reader, Record
from experiments.data.store.encoded import Decoded, in_threads
from experiments.data.store.fill import worked
from experiments.data.store.image_rows import ImageRows
from experiments.data.store.picture import damaged, open_store
from experiments.data.store.split import Split
from experiments.data.store.table import TableRecords
from experiments.terminal.error import BadInput, UserError

if TYPE_CHECKING:
    from experiments.terminal.progress import Progress

GROUPS = "groups.npy"
TOGETHER = 256  # records of a group, where a reader does not say
LOOK = 16  # px at which a picture is tried: a JPEG is decoded whole, at an eighth of its size


class StreamedPictures(Decoded):
    """`records`: of the table; `rows` (N,): those of them that have a picture. Several threads may
    ask; one of them reads at a time, and pictures are decoded by all."""

    def __init__(
        self, reader: Reader, records: Sequence[Record], rows: np.ndarray, folder: Path, size: int
    ) -> None:
        super().__init__(len(rows), size)
        self.reader, self.records, self.rows = reader, records, rows
        self.groups = open_store(folder / GROUPS)
        if self.groups.dtype != np.int64 or self.groups.shape != (len(rows),):
            raise damaged(folder / GROUPS, "not the groups of these records")
        self._lock = threading.Lock()

    def into(self, pictures: np.ndarray, rows: np.ndarray) -> None:
        size, contents = pictures.shape[1], dict[int, tuple[Record, Any]]()
        with self._lock:
            for place in np.argsort(rows, kind="stable").tolist():  # as they lie
                record = self._record(int(self.rows[rows[place]]))
                try:
                    found = _file_of(self.reader, record)
                    if found is None:
                        pictures[place] = self.reader.image(record, size)
                    else:
                        contents[place] = record, found
                except BadInput as reason:
                    raise self._gone(record, reason) from None
        todo = sorted(contents)

        def one(number: int) -> None:
            place = todo[number]
            record, found = contents[place]
            try:
                pictures[place] = read_crop(found, size, record.box, alone=False)
            except BadInput as reason:
                raise self._gone(record, reason) from None

        in_threads(one, len(todo))

    def _record(self, row: int) -> Record:
        records = self.records
        return records.one(row) if isinstance(records, TableRecords) else records[row]

    def _gone(self, record: Record, reason: BadInput) -> UserError:
        return UserError(
            f"{self.reader.name}: the picture of {record.key} cannot be read any more ({reason}); "
            "data.store=stream reads pictures where they lie, so leave them there, or take "
            "data.store=encoded"
        )


def groups_of(split: Split) -> np.ndarray | None:
    """The group (N,) of each record of a split that is read where it lies, None where another store
    has its pictures."""
    images = split.images
    if isinstance(images, ImageRows) and isinstance(images.array, StreamedPictures):
        found: np.ndarray = images.array.groups[images.rows]
        return found
    return None


def _file_of(reader: Reader, record: Record) -> bytes | Path | None:
    """The file of a record's picture, where a reader gives it as a square of that file alone."""
    give = getattr(reader, "picture_file", None)
    found: bytes | Path | None = None if give is None else give(record)
    return found


def write_groups(
    reader: Reader, records: Sequence[Record], folder: Path, workers: int | None, bar: Progress
) -> dict[int, str]:
    """Look at every picture; the reason of each row that cannot be used."""
    folder.mkdir()
    reasons: dict[int, str] = {}
    groups = np.empty(len(records), np.int64)
    row = 0
    for found in worked(_look, reader, records, workers, bar):
        for group, reason in found:
            groups[row] = group
            if reason:
                reasons[row] = reason
            row += 1
    kept = np.ones(len(records), bool)
    kept[list(reasons)] = False
    np.save(folder / GROUPS, groups[kept])
    return reasons


def _look(reader: Reader, row: int, records: Sequence[Record]) -> list[tuple[int, str]]:
    """The group of each record, and why its picture cannot be used, "" where it can."""
    group_of = getattr(reader, "group", None)
    found = []
    for number, record in enumerate(records, start=row):
        group, reason = number // TOGETHER, ""
        try:
            reader.image(record, LOOK)
            group = group if group_of is None else group_of(record)
        except BadInput as error:
            reason = str(error) or "no picture"
        found.append((group, reason))
    return found
