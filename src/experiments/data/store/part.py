"""What is made of records, kept in parts while it is made: a process that is killed loses one part.

A part is a file of some records each. `item.py` joins them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.data.record import Reader, Record
from experiments.data.store.fill import worked
from experiments.data.store.picture import damaged
from experiments.file.whole import atomic
from experiments.terminal.error import BadInput, reason_of

if TYPE_CHECKING:
    from experiments.terminal.progress import Progress

STRETCH = 64  # records of a part
Item = np.ndarray | str  # or why there is none
Make = Callable[[Reader, Record], Sequence[Item]]


class Parts:
    """Files in a folder: those of the first `STRETCH` records, of the next, and so on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.npz"

    def make(
        self,
        reader: Reader,
        records: Sequence[Record],
        make: Make,
        workers: int | None,
        bar: Progress,
    ) -> None:
        """Write those that are not there. See `item.prepare_items`."""
        self.folder.mkdir(exist_ok=True)
        missing = [n for n in range(count_of(len(records))) if not self.path(n).exists()]
        wanted = [record for n in missing for record in records[n * STRETCH : (n + 1) * STRETCH]]
        bar.add(len(records) - len(wanted))
        found = list[list[Item] | str]()
        try:
            for made in worked(partial(_made, make), reader, wanted, workers, bar):
                found += made
                while len(found) >= STRETCH:
                    _save(self.path(missing.pop(0)), found[:STRETCH])
                    del found[:STRETCH]
            if found:
                _save(self.path(missing.pop(0)), found)
        finally:
            with contextlib.suppress(OSError):  # it holds something
                self.folder.rmdir()

    def read(self, records: int) -> Iterator[Mapping[str, np.ndarray]]:
        """The parts of so many records, in order. Raises `UserError` for a damaged one."""
        for number in range(count_of(records)):
            path = self.path(number)
            try:
                with np.load(path, allow_pickle=False) as part:
                    found = {name: part[name] for name in part.files}
            except Exception as error:  # whatever a damaged archive leads to
                raise damaged(path, reason_of(error)) from None
            yield found


def count_of(records: int) -> int:
    """How many parts so many records have."""
    return -(-records // STRETCH)


def _save(path: Path, found: Sequence[list[Item] | str]) -> None:
    """What was made of some records."""
    items = [item for items in found if not isinstance(items, str) for item in items]
    whole = [item for item in items if not isinstance(item, str)]
    assert len({(item.dtype, item.shape[1:]) for item in whole}) <= 1, "items of one kind"
    values = np.concatenate(whole) if whole else np.zeros(0, np.uint8)
    reasons = [
        items if isinstance(items, str) else [x if isinstance(x, str) else "" for x in items]
        for items in found
    ]
    arrays: dict[str, Any] = {
        "values": values,
        "lengths": np.array([0 if isinstance(x, str) else len(x) for x in items], np.int64),
        "counts": np.array([0 if isinstance(x, str) else len(x) for x in found], np.int64),
        "reasons": np.array(json.dumps(reasons)),
    }
    with atomic(path) as made, made.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _made(
    make: Make, reader: Reader, row: int, records: Sequence[Record]
) -> list[list[Item] | str]:
    """The items of each record, or why it has none."""
    found: list[list[Item] | str] = []
    for record in records:
        try:
            items = [x if isinstance(x, str) else np.asarray(x) for x in make(reader, record)]
        except BadInput as error:
            found.append(str(error))
            continue
        for item in items:
            assert isinstance(item, str) or (item.ndim and item.dtype != object), record.key
        found.append(items or "it has none")
    return found
