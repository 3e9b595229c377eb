"""The pictures of a data set as one array on disk: uint8 (N, L, L, 3), written once, then mapped.

Decoding and rendering are paid once, in parallel; a batch is then a copy of memory. Whatever is
written here appears under its name only when it is whole, so a killed build is simply built again.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.data.record import Drop, Reader, Record
from experiments.data.store.fill import fill_store
from experiments.terminal.error import UserError, reason_of

if TYPE_CHECKING:
    from experiments.terminal.progress import Progress
from experiments.file.lock import locked
from experiments.file.mapped import Rows, create, opened
from experiments.file.whole import atomic
from experiments.terminal.line import number_of

log = logging.getLogger(__name__)


def progress_bar(total: int, description: str, unit: str, quiet: bool) -> Progress:
    """A bar on standard error; where that is no terminal, a line now and then of long work only."""
    from experiments.terminal.progress import Progress

    delay = 0.5 if sys.stderr.isatty() else 10.0
    return Progress(
        total, description=description, enabled=not quiet, unit=unit, interval=15, delay=delay
    )


def build_store(
    reader: Reader,
    records: Sequence[Record],
    size: int,
    path: Path,
    workers: int | None = None,
    quiet: bool = False,
) -> list[Drop]:
    """Write the records' pictures to `path`, unless it is there, and return those left out.

    Row k of the store is record k of the records that were not left out. `workers`: processes, one
    per core by default, which start when the work turns out to be long. `quiet`: without a bar.
    Raises `UserError` where the disk is full or no picture can be used.
    """
    assert records, "a store has a row at least"
    with locked(path.with_name(f".{path.name}.lock")):
        if path.exists():
            return dropped_pictures(path)
        with atomic(path) as partial:
            _allocate(partial, len(records), size)
            title = f"{reader.name}: {number_of(len(records), 'image')} at {size} px"
            with progress_bar(len(records), title, "images", quiet) as bar:
                reasons = fill_store(reader, records, partial, workers, bar)
            if len(reasons) == len(records):
                reason = next(iter(reasons.values()), "there is no record")
                raise UserError(f"{reader.name}: no picture can be used ({reason})")
            _compact(partial, [k for k in range(len(records)) if k not in reasons])
            drops = [Drop(records[k].key, reasons[k]) for k in sorted(reasons)]
            with atomic(path.with_suffix(".json")) as side:
                side.write_text(json.dumps([[drop.key, drop.reason] for drop in drops]))
    return drops


def dropped_pictures(path: Path) -> list[Drop]:
    """The records that the store at `path` left out. Raises `UserError` for a damaged list."""
    return dropped_records(path.with_suffix(".json"))


def dropped_records(path: Path) -> list[Drop]:
    """The records that a list names, with reasons. Raises `UserError` for a damaged list."""
    pairs = read_json(path)
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise damaged(path, "not a list of records")
    return [Drop(*pair) for pair in pairs]


def open_store(path: Path) -> np.ndarray:
    """An array that is mapped where that can be; of pictures it is uint8 (N, L, L, 3).

    Raises `UserError` for a file that is none, or whose header says more than there is.
    """
    try:
        images = opened(path)
    except Exception as error:  # whatever a damaged header leads to
        raise UserError(
            f"{path}: cannot be read ({reason_of(error)}); delete it to build it again"
        ) from None
    if not isinstance(images, np.ndarray):  # an archive of arrays
        raise UserError(f"{path}: cannot be read (not an array); delete it to build it again")
    return images


def read_json(path: Path) -> Any:
    """What `table.write_json` or a store wrote. Raises `UserError` for what it cannot have been."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, reason_of(error)) from None


def damaged(path: Path, reason: str) -> UserError:
    """A file of the prepared data is not what was written: all of them can be made again."""
    return UserError(
        f"{path}: damaged ({reason}); delete the folder {path.parent}, and it is prepared again"
    )


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(p, str) for p in pair)


def _allocate(path: Path, count: int, size: int) -> None:
    """An empty store whose space is reserved: a full disk is told before hours of drawing."""
    create(path, np.uint8, (count, size, size, 3))
    reserve = getattr(os, "posix_fallocate", None)
    if reserve is None:
        return
    need = path.stat().st_size
    with path.open("r+b") as file:
        try:
            reserve(file.fileno(), 0, need)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise UserError(
                    f"{path.parent}: no space for the picture store, which needs "
                    f"{need / 1e9:.1f} GB; free some or move the cache"
                ) from None
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise


def _compact(path: Path, rows: list[int]) -> None:
    """Close the gaps that dropped pictures left, and shorten the file."""
    with Rows(path) as images:
        if len(rows) == images.count:
            return
        for to, k in enumerate(rows):
            if to != k:
                images.move(k, to)
        images.shorten(len(rows))
