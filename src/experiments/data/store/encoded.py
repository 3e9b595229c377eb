"""The pictures of a data set as JPEG in one file, decoded for every batch.

    encoded-<size>/
        content.npy   uint8, one JPEG after another: quality 95, colours at full resolution
        ends.npy      int64 (N + 1,), where each begins and the last ends

About a quarter of the bytes of pixels. A level differs from that of the pixels by two in the mean
of grainy photographs, so a run with another store is another run. Quality and form are this
project's choice.
"""

from __future__ import annotations

import errno
import io
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from experiments.data.record import Reader, Record
from experiments.data.store.fill import worked
from experiments.data.store.picture import damaged, open_store
from experiments.file.mapped import write_header
from experiments.machine.core import cores
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.line import amount

if TYPE_CHECKING:
    from experiments.terminal.progress import Progress

QUALITY = 95
CONTENT, ENDS = "content.npy", "ends.npy"
FEW = 4  # pictures that are not worth threads


class Decoded:
    """N pictures that are made when they are asked for: what an array of them does for a split."""

    dtype = np.dtype(np.uint8)

    def __init__(self, count: int, size: int) -> None:
        self.shape = (count, size, size, 3)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """uint8 (..., L, L, 3) of rows (...)."""
        wanted = np.arange(len(self))[rows]
        found = np.empty((*wanted.shape, *self.shape[1:]), np.uint8)
        self.into(found.reshape(-1, *self.shape[1:]), wanted.reshape(-1))
        return found

    def into(self, pictures: np.ndarray, rows: np.ndarray) -> None:
        """Fill pictures (B, L, L, 3) with the rows (B,)."""
        raise NotImplementedError


class EncodedPictures(Decoded):
    """Those of a folder. Raises `UserError` for one that is damaged."""

    def __init__(self, folder: Path, size: int) -> None:
        self.path = folder / CONTENT
        self.content, self.ends = open_store(self.path), open_store(folder / ENDS)
        ends = self.ends
        if (
            self.content.dtype != np.uint8
            or ends.dtype != np.int64
            or ends.ndim != 1
            or (int(ends[0]), int(ends[-1])) != (0, len(self.content))
            or (np.diff(ends) < 0).any()
        ):
            raise damaged(self.path, "not the pictures of these records")
        super().__init__(len(ends) - 1, size)

    def into(self, pictures: np.ndarray, rows: np.ndarray) -> None:
        def one(place: int) -> None:
            begin, end = self.ends[rows[place]], self.ends[rows[place] + 1]
            try:
                with Image.open(io.BytesIO(self.content[begin:end].data), formats=["JPEG"]) as jpeg:
                    pictures[place] = np.asarray(jpeg)
            except (OSError, ValueError):
                raise damaged(self.path, f"picture {rows[place]} is no JPEG") from None

        in_threads(one, len(rows))


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Do `work` of each number below `count`: in as many threads as the process has for its
    tensors. Pillow decodes without Python's lock; the order does not matter to what is made."""
    torch = sys.modules.get("torch")
    threads = min(torch.get_num_threads() if torch else cores(), count // FEW)
    if threads <= 1:
        for place in range(count):
            work(place)
    else:
        with _one_at_a_time:
            list(_pool(threads).map(work, range(count)))


_one_at_a_time = threading.Lock()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="pictures")


def write_encoded(
    reader: Reader,
    records: Sequence[Record],
    size: int,
    folder: Path,
    workers: int | None,
    bar: Progress,
) -> dict[int, str]:
    """Write those of the records that can be used; the reason of each row that cannot."""
    folder.mkdir()
    reasons: dict[int, str] = {}
    lengths: list[int] = []
    row = total = 0
    try:
        with (folder / CONTENT).open("wb") as file:
            start = write_header(file, np.dtype(np.uint8), (0,))
            for found in worked(partial(_encode, size), reader, records, workers, bar):
                for one in found:
                    if isinstance(one, str):
                        reasons[row] = one
                    else:
                        file.write(one)
                        lengths.append(len(one))
                        total += len(one)
                    row += 1
            file.seek(0)
            end = write_header(file, np.dtype(np.uint8), (total,))
            assert end == start, "the header keeps its length"
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise UserError(
            f"{folder.parent}: no space for the pictures, of which {row} of {len(records)} took "
            f"{amount(total)}; free some, move the cache, or take data.store=stream"
        ) from None
    np.save(folder / ENDS, np.cumsum([0, *lengths], dtype=np.int64))
    return reasons


def _encode(size: int, reader: Reader, row: int, records: Sequence[Record]) -> list[bytes | str]:
    """The JPEG of each record, or why there is none."""
    found: list[bytes | str] = []
    for record in records:
        try:
            picture = reader.image(record, size)
        except BadInput as reason:
            found.append(str(reason) or "no picture")
            continue
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=QUALITY, subsampling=0)
        found.append(file.getvalue())
    return found
