"""What is prepared of each record: in this process, and in one per core where it is long."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.data.record import Reader, Record
from experiments.file.mapped import Rows
from experiments.machine.core import cores
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.interrupt import SIGNALS, stop_if_asked

if TYPE_CHECKING:
    from experiments.terminal.progress import Progress

CHUNK = 32  # records handed to a worker at a time
AHEAD = 16  # chunks for each worker that are handed over before the first comes back
PATIENCE = 1.5  # seconds of work in this process before a pool, which takes as long to start
# What is done with the records that begin at a row. It pickles, as readers do.
Work = Callable[[Reader, int, Sequence[Record]], Any]
_job: tuple[Work, Reader] | None = None  # set in worker processes only


def fill_store(
    reader: Reader, records: Sequence[Record], path: Path, workers: int | None, bar: Progress
) -> dict[int, str]:
    """Draw every record into its row; the reason of each row that could not be drawn."""
    reasons: dict[int, str] = {}
    for found in worked(partial(_draw, path), reader, records, workers, bar):
        reasons |= found
    return reasons


def worked(
    work: Work, reader: Reader, records: Sequence[Record], workers: int | None, bar: Progress
) -> Iterator[Any]:
    """What `work` gives for each stretch of the records, in their order."""
    patience = PATIENCE if workers is None else 0.0
    workers = min(workers or cores(), len(records))
    if workers <= 1 or multiprocessing.current_process().daemon:  # a daemon may have no children
        patience = math.inf
    step = max(1, min(CHUNK, len(records) // (4 * max(1, workers))))
    rows = deque(range(0, len(records), step))
    start = time.monotonic()
    while rows and time.monotonic() - start < patience:
        row = rows.popleft()
        chunk = records[row : row + step]
        yield work(reader, row, chunk)
        bar.add(len(chunk))
    if not rows:
        return
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker, (work, reader)
    )
    try:
        jobs: deque[tuple[Future[Any], int]] = deque()
        while rows or jobs:
            with _main_unseen(reader):  # workers start with the first that they are given
                while rows and len(jobs) < AHEAD * workers:
                    row = rows.popleft()
                    chunk = records[row : row + step]
                    jobs.append((pool.submit(_work, row, chunk), len(chunk)))
            job, count = jobs.popleft()
            yield job.result()
            bar.add(count)
    except BrokenProcessPool:
        stop_if_asked()  # whoever asked this process has ended the others
        raise UserError(
            f"{reader.name}: a process that prepares the data died, most likely for want of "
            "memory; free some and run the same command again"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _main_unseen(reader: Reader) -> Iterator[None]:
    """Keep workers from importing the main script, which would load torch in each for nothing.

    A script without `if __name__ == "__main__"` can then open a data set, too.
    """
    main = sys.modules["__main__"]
    names = () if type(reader).__module__ == "__main__" else ("__file__", "__spec__")
    saved = {name: main.__dict__[name] for name in names if name in main.__dict__}
    try:
        main.__dict__.update(dict.fromkeys(saved))
        yield
    finally:
        main.__dict__.update(saved)


def _start_worker(work: Work, reader: Reader) -> None:
    """Ctrl-C, or a terminal that is closed, is the parent's to handle; and a worker whose parent
    was killed must not stay."""
    global _job
    for number in set(SIGNALS) - {signal.SIGTERM}:  # with which a broken pool ends its workers
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def leave_with_parent() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)  # there is a process for each core
    _job = (work, reader)


def _work(row: int, records: Sequence[Record]) -> Any:
    assert _job is not None
    work, reader = _job
    return work(reader, row, records)


def _draw(path: Path, reader: Reader, row: int, records: Sequence[Record]) -> dict[int, str]:
    """Pictures of the records into the rows of the store."""
    reasons = {}
    with Rows(path) as images:
        for k, record in enumerate(records, start=row):
            try:
                picture = reader.image(record, images.shape[0])
            except BadInput as error:
                reasons[k] = str(error)
                continue
            assert picture.shape == images.shape, picture.shape
            images[k] = picture
    return reasons
