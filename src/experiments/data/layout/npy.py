"""Files of frames that other people wrote with numpy: read without running what they ask for.

S2IGAN's `audio_mel/<class>/<picture>.npy` holds the frames of a picture's captions: `np.save` of a
list of arrays (T, 40), which is an array of objects and so a pickle, or one array (N, T, 40) where
all have one length, or (T, 40) of one caption.
"""

from __future__ import annotations

import functools
import io
import math
import os
import stat
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from experiments.data.layout.pickles import (
    GLOBALS,
    Array,
    Dtype,
    Refused,
    Spend,
    Unpickler,
    numbers,
)
from experiments.file.array import UNREADABLE
from experiments.file.bounded import read_bounded
from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError

LIMIT = 32_000_000  # bytes; ten captions of 6 s have 1 million
MOST = 1_000  # arrays, as captions of a picture
BANDS = 40  # of S2IGAN's frames
START = 11_000  # bytes that a header may have; numpy allows 10,000
_OBJECTS = ("O", "O8", "|O")


def frames_of(path: Path, index: int) -> np.ndarray:
    """The frames of one caption, (T, 40) float32. Raises `BadInput` for what cannot be used."""
    status = _status(path)
    arrays = _arrays(path, status.st_size, status.st_mtime_ns)
    if not 0 <= index < len(arrays):
        raise BadInput(f"no frames of caption {index}: the file has those of {len(arrays)}")
    found = arrays[index]
    if found.ndim != 2 or found.shape[1] != BANDS or not len(found) or found.dtype.kind != "f":
        raise BadInput(f"frames are not numbers (T, {BANDS})")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a number that is too large, which is judged here
        frames = found.astype(np.float32)
    if not np.isfinite(frames).all():
        raise BadInput("frames have values that are no numbers")
    return frames


def count_of(path: Path) -> int:
    """Of how many captions the file says that it has frames; from its header alone.

    Raises `BadInput` for a file that is none.
    """
    _status(path)
    try:
        with path.open("rb") as file:
            shape, _, _ = _header(io.BytesIO(file.read(START)))
    except OSError as error:
        raise BadInput(f"frames: file cannot be read ({error.strerror})") from None
    if len(shape) not in (1, 2, 3) or (len(shape) != 2 and shape[0] > MOST):
        raise BadInput("not frames of captions")
    return 1 if len(shape) == 2 else shape[0]


def _status(path: Path) -> os.stat_result:
    try:
        status = path.stat()
    except OSError as error:
        raise BadInput(f"frames: file cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(status.st_mode):  # a pipe would keep whoever opens it waiting
        raise BadInput("not a file")
    return status


@functools.lru_cache(maxsize=1)  # the captions of a picture are asked for one after another
def _arrays(path: Path, size: int, time: int) -> list[np.ndarray]:
    """What the file of that size and time holds."""
    try:
        content = read_bounded(path, LIMIT)
    except UserError as error:
        raise BadInput(f"frames: {str(error).removeprefix(f'{plain(path)}: ')}") from None
    file = io.BytesIO(content)
    shape, fortran, dtype = _header(file)
    if not dtype.hasobject:
        whole = _plain(content[file.tell() :], shape, fortran, dtype)
        return [whole] if whole.ndim == 2 else list(whole)
    try:
        value = _Objects(content[file.tell() :]).load()
    except Refused as refusal:
        raise BadInput(f"frames: refused, because the file asks for {refusal}") from None
    except Exception as error:  # whatever a broken stream provokes
        raise BadInput(f"frames: not a whole file of numpy ({type(error).__name__})") from None
    if not isinstance(value, _Array) or len(value) != math.prod(shape) or len(value) > MOST:
        raise BadInput("frames: not a list of arrays")
    return [_whole(part) for part in value]


def _header(file: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type; the file is then at its data."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a header of Python 2 is read, and warned of
            version = np.lib.format.read_magic(file)
            if version not in ((1, 0), (2, 0)):
                raise BadInput(f"frames: a file of numpy's format {version[0]}.{version[1]}")
            first = version == (1, 0)
            read = np.lib.format.read_array_header_1_0 if first else _second
            shape, fortran, dtype = read(file)
    except BadInput:
        raise
    except UNREADABLE as error:
        raise BadInput(f"frames: not a file of numpy ({type(error).__name__})") from None
    if not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise BadInput("frames: not a file of numpy (shape)")
    return shape, bool(fortran), dtype


_second = np.lib.format.read_array_header_2_0


def _plain(data: bytes, shape: tuple[int, ...], fortran: bool, dtype: np.dtype) -> np.ndarray:
    if dtype.kind != "f" or len(shape) not in (2, 3) or (len(shape) == 3 and shape[0] > MOST):
        raise BadInput(f"frames are not numbers (T, {BANDS})")
    if math.prod(shape) * dtype.itemsize != len(data):
        raise BadInput("frames: the file is shorter or longer than it says")
    flat = np.frombuffer(data, dtype)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def _whole(part: Any) -> np.ndarray:
    """One array of numbers; whatever else stands in its place has no frames."""
    if isinstance(part, np.ndarray):
        return part
    found = part.value if isinstance(part, _Array) else None
    return np.zeros((0, BANDS), np.float32) if found is None else found


class _Dtype(Dtype):
    """Stands in for `numpy.dtype`, also that of objects."""

    def __init__(self, spend: Spend, code: Any, *more: Any) -> None:
        self.objects = code in _OBJECTS
        if not self.objects:
            super().__init__(spend, code, *more)

    def set_state(self, spend: Spend, state: Any) -> None:
        if not self.objects:
            super().set_state(spend, state)


class _Array(Array):
    """Stands in for `numpy.ndarray`: a list of parts, or numbers in `value`."""

    value: np.ndarray | None = None

    def set_state(self, spend: Spend, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        if not (isinstance(dtype, _Dtype) and dtype.objects):
            self.value = numbers(spend, raw, dtype, shape, "F" if fortran else "C")
            return
        if type(raw) is not list or not isinstance(shape, tuple) or len(shape) != 1:
            raise Refused("objects that are no list")
        if shape[0] != len(raw):
            raise Refused("an array whose size is not that of its data")
        self[:] = raw


def _empty_array(spend: Spend, *_: Any) -> _Array:
    return _Array()


_STANDS: dict[str, Any] = {
    "dtype": _Dtype,
    "ndarray": _empty_array,
    "_reconstruct": _empty_array,
    "_frombuffer": numbers,
}


class _Objects(Unpickler):
    """Of an array of arrays: numbers stay in arrays, and nothing else is built."""

    names: ClassVar = {name: _STANDS.get(name[1], call) for name, call in GLOBALS.items()}
