"""Large arrays in `.npy` files: mapped where the file system can, else read into memory, with a
line that says how much. They are written row by row and never through a map.
"""

from __future__ import annotations

import errno
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from experiments.terminal.error import reason_of
from experiments.terminal.line import amount, say_once

# What a file system answers that cannot map files, as some of FUSE and some network mounts.
NO_MAPS = {errno.ENODEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
WRAPPED = re.compile(r"\(os error (\d+)\)")  # the system's, in an error of safetensors


def unmappable(error: BaseException) -> bool:
    """Whether an error says that a file cannot be mapped where it lies."""
    number = WRAPPED.search(str(error))
    found = int(number[1]) if number else getattr(error, "errno", None)
    return isinstance(error, OSError) and found in NO_MAPS


def tell(path: Path, error: BaseException) -> None:
    """That a file is read instead."""
    size = amount(path.stat().st_size)
    reason = reason_of(error)
    say_once(f"{path}: cannot be mapped here ({reason}); each process reads {size} into memory")


def opened(path: Path) -> Any:
    """An array that nobody changes, as a map of its file or in memory; or what else NumPy finds.

    Raises what NumPy does for a damaged file.
    """
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        if not unmappable(error):
            raise
        tell(path, error)
    with path.open("rb") as file:
        _, dtype, shape = _header(file)
        array = np.fromfile(file, dtype, math.prod(shape)).reshape(shape)
    array.flags.writeable = False
    return array


class Rows:
    """The rows of an array in a file, read and written one by one: `with Rows(path) as rows`."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("r+b")
        self.start, self.dtype, shape = _header(self.file)
        self.shape, self.bytes = shape[1:], math.prod(shape[1:]) * self.dtype.itemsize
        self.count = shape[0]

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *raised: object) -> None:
        self.file.close()

    def __setitem__(self, row: int, values: np.ndarray) -> None:
        """One row, or several that begin there."""
        assert values.dtype == self.dtype, values.dtype
        assert self.shape in (values.shape, values.shape[1:]), values.shape
        self.file.seek(self.start + row * self.bytes)
        self.file.write(values.tobytes())

    def move(self, source: int, to: int) -> None:
        """Copy a row over another."""
        self.file.seek(self.start + source * self.bytes)
        content = self.file.read(self.bytes)
        self.file.seek(self.start + to * self.bytes)
        self.file.write(content)

    def shorten(self, count: int) -> None:
        """Keep that many rows."""
        self.file.seek(0)
        end = write_header(self.file, self.dtype, (count, *self.shape))
        assert end == self.start, "the header of a shorter array has the same length"
        self.file.truncate(self.start + count * self.bytes)
        self.count = count


def create(path: Path, dtype: Any, shape: Sequence[int]) -> None:
    """An array of zeros, of which the disk holds nothing yet."""
    with path.open("wb") as file:
        start = write_header(file, np.dtype(dtype), shape)
        file.truncate(start + math.prod(shape) * np.dtype(dtype).itemsize)


def write_header(file: BinaryIO, dtype: np.dtype, shape: Sequence[int]) -> int:
    """Write that of an array of so many rows, and return where it ends; NumPy leaves room in it for
    any number of them."""
    described = npy.dtype_to_descr(dtype)
    header = {"descr": described, "fortran_order": False, "shape": tuple(shape)}
    npy.write_array_header_1_0(file, header)
    return file.tell()


def _header(file: BinaryIO) -> tuple[int, np.dtype, tuple[int, ...]]:
    """Where the values begin, their type, and their shape. Raises ValueError for another file."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if fortran or dtype.hasobject or any(side < 0 for side in shape):
        raise ValueError("not an array that is written here")
    return file.tell(), dtype, shape
