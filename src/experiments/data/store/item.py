"""Arrays of the records of a data set, as a view stores them: written once, then mapped.

A record has any number of items, each an array (T, ...): one sound, one clip, several recordings.
All are of one type and, but for T, of one shape; they lie end to end in one file.

    <data set>/<name>-<settings>/
        values.npy    (sum of all T, ...), the items of the first record, of the second, ...
        lengths.npy   int64 (items,), T of each
        counts.npy    int64 (records,), items of each record of the table, 0 where it is left out
        keys.json     the keys of these records
        left_out.json the records that are left out, and why
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.record import Drop, Reader, Record
from experiments.data.store.dataset import Dataset
from experiments.data.store.fill import worked
from experiments.data.store.picture import (
    damaged,
    dropped_records,
    open_store,
    progress_bar,
    read_json,
)
from experiments.file.lock import locked
from experiments.file.mapped import write_header
from experiments.file.whole import atomic
from experiments.terminal.error import BadInput, UserError

VALUES, LENGTHS, COUNTS = "values.npy", "lengths.npy", "counts.npy"
KEYS, LEFT_OUT = "keys.json", "left_out.json"
Make = Callable[[Reader, Record], Sequence[np.ndarray]]


class Items:
    """The items of N records: those of record i are numbers `start[i]` to `start[i + 1]`."""

    def __init__(
        self, values: np.ndarray, begin: np.ndarray, lengths: np.ndarray, start: np.ndarray
    ) -> None:
        """values (all, ...); item k is its rows `begin[k]` to `begin[k] + lengths[k]`, (M,) each;
        start (N + 1,)."""
        self.values, self.begin, self.lengths, self.start = values, begin, lengths, start

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row of an item, without T."""
        return self.values.shape[1:]

    def first(self, rows: np.ndarray) -> np.ndarray:
        """The first item (B,) of each record (B,)."""
        return self.start[rows]

    def at(self, rows: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """An item (B,) of each record (B,), by numbers (B,) in [0, 1)."""
        counts = self.start[rows + 1] - self.start[rows]
        return self.start[rows] + (uniform * counts).astype(np.int64)

    def of(self, item: int) -> np.ndarray:
        """One item, (T, ...)."""
        begin = self.begin[item]
        found: np.ndarray = self.values[begin : begin + self.lengths[item]]
        return found

    def stacked(self, items: np.ndarray) -> np.ndarray:
        """Items (B,) that have one length, as (B, T, ...)."""
        return np.stack([self.of(item) for item in items])

    def padded(self, items: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Items (B,) as (B, length, ...), cut or with zeros behind, and lengths int64 (B,)."""
        found = np.zeros((len(items), length, *self.shape), self.values.dtype)
        lengths = np.minimum(self.lengths[items], length)
        for row, item, count in zip(found, items, lengths, strict=True):
            row[:count] = self.of(item)[:count]
        return found, lengths


@dataclass(frozen=True, eq=False)
class ItemStore:
    """What is stored for a view: of all records of the table, and those that were left out."""

    folder: Path
    items: Items
    keys: list[str]
    drops: list[Drop]

    def of(self, keys: Sequence[str]) -> Items:
        """The items of some records, in their order. Raises `UserError` where it has not all."""
        place = {key: row for row, key in enumerate(self.keys)}
        if any(key not in place for key in keys):
            raise damaged(self.folder / KEYS, "not those of these records")
        rows = np.array([place[key] for key in keys], np.int64)
        counts = np.diff(self.items.start)[rows]
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        own = np.repeat(self.items.start[rows] - start[:-1], counts) + np.arange(start[-1])
        return Items(self.items.values, self.items.begin[own], self.items.lengths[own], start)


def prepare_items(
    dataset: Dataset,
    name: str,
    make: Make,
    settings: Mapping[str, Any],
    quiet: bool = True,
    workers: int | None = None,
) -> ItemStore:
    """What `make` gives of each record of the data set, made and written first where it is not.

    `make` pickles. `settings`: what it depends on besides the records; others, another folder.
    Processes that start together write it once. Raises `UserError` where no record has anything.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    folder = dataset.folder / f"{name}-{digest}"
    if not folder.exists():
        with locked(folder.with_name(f".{folder.name}.lock")):
            if not folder.exists():
                with atomic(folder) as made:
                    records = dataset.records()
                    _write(made, dataset.reader, records, name, make, quiet, workers)
    return _read(folder)


def _write(
    folder: Path,
    reader: Reader,
    records: Sequence[Record],
    name: str,
    make: Make,
    quiet: bool,
    workers: int | None,
) -> None:
    folder.mkdir()
    counts, lengths, drops = np.zeros(len(records), np.int64), list[int](), list[list[str]]()
    row, kind, began = 0, None, 0
    title = f"{reader.name}: {name} of {len(records)} records"
    with (
        (folder / VALUES).open("wb") as file,
        progress_bar(len(records), title, "records", quiet) as bar,
    ):
        for made in worked(partial(_made, make), reader, records, workers, bar):
            for items in made:
                if isinstance(items, str):
                    drops.append([records[row].key, items])
                else:
                    for item in items:
                        if kind is None:
                            kind = item.dtype, item.shape[1:]
                            began = write_header(file, kind[0], (0, *kind[1]))
                        assert kind == (item.dtype, item.shape[1:]), f"{name}: {item.shape}"
                        lengths.append(len(item))
                        file.write(item.tobytes())
                    counts[row] = len(items)
                row += 1
        if kind is None:
            reason = drops[0][1] if drops else "there is no record"
            raise UserError(f"{reader.name}: no record has a {name} that can be used ({reason})")
        file.seek(0)
        end = write_header(file, kind[0], (sum(lengths), *kind[1]))
        assert began == end, "the header keeps its length"
    np.save(folder / LENGTHS, np.array(lengths, np.int64))
    np.save(folder / COUNTS, counts)
    for to, content in ((KEYS, [record.key for record in records]), (LEFT_OUT, drops)):
        (folder / to).write_text(json.dumps(content), encoding="utf-8")


def _made(
    make: Make, reader: Reader, row: int, records: Sequence[Record]
) -> list[list[np.ndarray] | str]:
    """The items of each record, or why it has none."""
    found: list[list[np.ndarray] | str] = []
    for record in records:
        try:
            items = [np.asarray(item) for item in make(reader, record)]
        except BadInput as error:
            found.append(str(error))
            continue
        assert all(item.ndim and item.dtype != object for item in items), record.key
        found.append(items or "it has none")
    return found


def _read(folder: Path) -> ItemStore:
    """What `_write` wrote. Raises `UserError` where it is damaged."""
    values, lengths, counts = (open_store(folder / name) for name in (VALUES, LENGTHS, COUNTS))
    lengths, counts = np.array(lengths), np.array(counts)
    for name, array in ((LENGTHS, lengths), (COUNTS, counts)):
        if array.dtype != np.int64 or array.ndim != 1 or array.min(initial=0) < 0:
            raise damaged(folder / name, "not whole numbers")
    keys = read_json(folder / KEYS)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise damaged(folder / KEYS, "not a list of keys")
    if len(counts) != len(keys) or counts.sum() != len(lengths) or lengths.sum() != len(values):
        raise damaged(folder / COUNTS, "not those of these records")
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    items = Items(values, np.cumsum(lengths) - lengths, lengths, start)
    drops = dropped_records(folder / LEFT_OUT)
    if {drop.key for drop in drops} != {keys[k] for k in np.flatnonzero(counts == 0)}:
        raise damaged(folder / LEFT_OUT, "not the records without an item")
    return ItemStore(folder, items, keys, drops)
