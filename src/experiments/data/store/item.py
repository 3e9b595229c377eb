"""Arrays of the records of a data set, as a view stores them: written once, then mapped.

A record has any number of items, each an array (T, ...): one sound, one clip, several recordings.
All are of one type and, but for T, of one shape; they lie end to end in one file. An item that is
missing has no rows, so that the others of its record keep their numbers.

    <data set>/<name>-<settings>/
        values.npy    (sum of all T, ...), the items of the first record, of the second, ...
        lengths.npy   int64 (items,), T of each
        counts.npy    int64 (records,), items of each record of the table, 0 where it is left out
        keys.json     the keys of these records
        left_out.json the records that are left out, and why
        missing.json  items that could not be made: key, number, and why
    <data set>/<name>-<settings>.parts/
        00000.npz ... what is made so far, of some records each: a killed process goes on there
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.record import Drop
from experiments.data.store.dataset import Dataset
from experiments.data.store.part import Make, Parts
from experiments.data.store.picture import (
    damaged,
    dropped_records,
    open_store,
    progress_bar,
    read_json,
)
from experiments.data.store.room import PARTS, lock_of
from experiments.file.lock import locked
from experiments.file.mapped import write_header
from experiments.file.use import use
from experiments.file.whole import atomic, discard
from experiments.terminal.error import UserError

VALUES, LENGTHS, COUNTS = "values.npy", "lengths.npy", "counts.npy"
KEYS, LEFT_OUT, MISSING = "keys.json", "left_out.json", "missing.json"


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
    """What is stored for a view: of all records of the table, and those that were left out.
    `missing`: single items that could not be made, as `<key>#<number>`."""

    folder: Path
    items: Items
    keys: list[str]
    drops: list[Drop]
    missing: list[Drop]

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


def item_folder(dataset: Dataset, name: str, settings: Mapping[str, Any]) -> Path:
    """Where `prepare_items` keeps what it makes."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    return dataset.folder / f"{name}-{digest}"


def prepare_items(
    dataset: Dataset,
    name: str,
    make: Make,
    settings: Mapping[str, Any],
    quiet: bool = True,
    workers: int | None = None,
    unit: str = "records",
) -> ItemStore:
    """What `make` gives of each record of the data set, made and written first where it is not.

    `make` pickles; in place of an item it may give the reason why there is none, as a text, empty
    where that is no fault. `settings`: what it depends on besides the records; others, another
    folder. Processes that start together write it once, and one that follows a killed one goes on
    with what that has made. Raises `UserError` where no record has anything.
    """
    folder = item_folder(dataset, name, settings)
    if not folder.exists():
        with locked(lock_of(folder)):
            if not folder.exists():
                records = dataset.records()
                title = f"{dataset.reader.name}: {name} of {len(records)} {unit}"
                parts = Parts(folder.with_name(folder.name + PARTS))
                with progress_bar(len(records), title, unit, quiet) as bar:
                    parts.make(dataset.reader, records, make, workers, bar)
                with atomic(folder) as made:
                    _join(made, parts, dataset.reader.name, name, [r.key for r in records])
                discard(parts.folder)
    use(folder)
    return _read(folder)


def _join(folder: Path, parts: Parts, source: str, name: str, keys: Sequence[str]) -> None:
    """One store of all parts."""
    folder.mkdir()
    counts, lengths, reasons = list[np.ndarray](), list[np.ndarray](), list[Any]()
    kind, began = None, 0
    with (folder / VALUES).open("wb") as file:
        for part in parts.read(len(keys)):
            values = part["values"]
            counts.append(part["counts"])
            lengths.append(part["lengths"])
            reasons += json.loads(str(part["reasons"]))
            if not len(values):
                continue
            if kind is None:
                kind = values.dtype, values.shape[1:]
                began = write_header(file, kind[0], (0, *kind[1]))
            assert kind == (values.dtype, values.shape[1:]), f"{name}: {values.shape}"
            file.write(values.tobytes())
        told = [reason for reason in _texts(reasons) if reason]
        if kind is None:
            reason = told[0] if told else "there is no record"
            raise UserError(f"{source}: no record has a {name} that can be used ({reason})")
        file.seek(0)
        end = write_header(file, kind[0], (int(np.concatenate(lengths).sum()), *kind[1]))
        assert began == end, "the header keeps its length"
    np.save(folder / LENGTHS, np.concatenate(lengths))
    np.save(folder / COUNTS, np.concatenate(counts))
    pairs = list(zip(keys, reasons, strict=True))
    left_out = [[key, reason] for key, reason in pairs if isinstance(reason, str)]
    missing = [
        [f"{key}#{number}", text]
        for key, reason in pairs
        if not isinstance(reason, str)
        for number, text in enumerate(reason)
        if text
    ]
    for to, content in ((KEYS, list(keys)), (LEFT_OUT, left_out), (MISSING, missing)):
        (folder / to).write_text(json.dumps(content), encoding="utf-8")


def _texts(reasons: Sequence[Any]) -> Iterator[str]:
    for reason in reasons:
        yield from [reason] if isinstance(reason, str) else reason


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
    drops, lost = dropped_records(folder / LEFT_OUT), folder / MISSING
    listed = dropped_records(lost) if lost.exists() else []  # stores of before have none
    missing = [Drop(one.key, one.reason, of=one.key.rpartition("#")[0]) for one in listed]
    if {drop.key for drop in drops} != {keys[k] for k in np.flatnonzero(counts == 0)}:
        raise damaged(folder / LEFT_OUT, "not the records without an item")
    return ItemStore(folder, items, keys, drops, missing)
