"""Pickles that other people wrote, read without running anything that they ask for.

The metadata of AttnGAN and StackGAN are Python 2 pickles. A pickle is a program: the standard
reader imports and calls whatever it names. This one builds lists, tuples, dictionaries, strings,
bytes and numbers, and knows the few names with which numpy writes an array of numbers; those stand
for functions of this file, so numpy's own are never called. Anything else is refused.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiments.errors import UserError

LIMIT = 64_000_000  # bytes; the published captions.pickle has 6 million
_PLAIN = (list, tuple, dict, str, bytes, bytearray, int, float, bool, type(None))
_NUMBER = re.compile(r"[<>=|]?[biuf][1248]")
_REFUSED_OPCODES = (
    *(pickle.PERSID, pickle.BINPERSID, pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX),
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)


class _Refused(Exception):
    """The pickle wants something that metadata have no need of."""


def load_pickle(path: Path, limit_bytes: int = LIMIT) -> Any:
    """Plain content of a pickle of any protocol; Python 2 strings are read as Latin-1.

    Arrays of numbers arrive as (nested) lists. Raises `UserError` for a file that is missing,
    larger than `limit_bytes`, broken, or that names anything but plain data, with that name.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit_bytes + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > limit_bytes:
        raise UserError(f"{path}: larger than {limit_bytes} bytes, which no such file should be")
    try:
        value = _Unpickler(io.BytesIO(content), encoding="latin-1").load()
        _require_plain(value)
    except _Refused as refusal:
        raise UserError(
            f"{path}: refused, because it asks for {refusal}; fetch the file from its source"
        ) from None
    except Exception as error:  # whatever a broken stream provokes
        raise UserError(
            f"{path}: not a complete pickle ({type(error).__name__}); fetch it again"
        ) from None
    return value


class _Dtype:
    """Stands in for `numpy.dtype`: a kind and a width of numbers, and their byte order."""

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not _NUMBER.fullmatch(code):
            raise _Refused(f"an array of {code!r}")
        self.dtype = np.dtype(code)

    def set_state(self, state: Any) -> None:
        order = state[1]
        if order not in ("<", ">", "|", "="):
            raise _Refused(f"the byte order {order!r}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array(list):
    """Stands in for `numpy.ndarray`: the numbers themselves, as a list."""

    def set_state(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        self[:] = _numbers(raw, dtype, shape, "F" if fortran else "C")


def _numbers(raw: Any, dtype: Any, shape: Any, order: str = "C") -> list:
    data = raw.encode("latin-1") if isinstance(raw, str) else bytes(raw)
    if not isinstance(dtype, _Dtype) or not all(type(n) is int and n >= 0 for n in shape):
        raise _Refused("an array without a shape or a type")
    if math.prod(shape) * dtype.dtype.itemsize != len(data) or len(shape) > 4:
        raise _Refused("an array whose size is not that of its data")
    if not data:  # a huge empty shape must not become as many empty lists
        return []
    numbers = np.frombuffer(data, dtype.dtype)
    # Dimensions that run the other way round are a transposed array.
    shaped = numbers.reshape(shape[::-1]).T if order == "F" else numbers.reshape(shape)
    return list(shaped.tolist())


def _scalar(dtype: Any, raw: Any) -> Any:
    return _numbers(raw, dtype, (1,))[0]


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise _Refused(f"the encoding {encoding!r}")
    return text.encode("latin-1")


def _empty_bytes(*arguments: Any) -> bytes:
    if arguments:
        raise _Refused("bytes made of something")
    return b""


class _Stand:
    """A global that a pickle may name. It has no attributes, so a pickle can set none."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)


_GLOBALS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): lambda *_: _Array(),
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _empty_bytes,
    ("builtins", "bytes"): _empty_bytes,
}
for _core in ("numpy.core", "numpy._core"):
    _GLOBALS[f"{_core}.multiarray", "_reconstruct"] = lambda *_: _Array()
    _GLOBALS[f"{_core}.multiarray", "scalar"] = _scalar
    _GLOBALS[f"{_core}.numeric", "_frombuffer"] = _numbers


# The reader in Python, not the one in C: there an index of four bytes makes a table of 32 GB.
class _Unpickler(pickle._Unpickler):
    stack: list[Any]

    def find_class(self, module: str, name: str) -> Any:
        call = _GLOBALS.get((module, name))
        if call is None:
            raise _Refused(f"{module}.{name}")
        return _Stand(call)

    def build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], (_Array, _Dtype)):
            raise _Refused(f"the state of a {type(self.stack[-1]).__name__}")
        self.stack[-1].set_state(state)

    def refuse(self) -> None:
        raise _Refused("an object")


_dispatch: dict[int, Any] = {
    **pickle._Unpickler.dispatch,
    pickle.BUILD[0]: _Unpickler.build,
    **{opcode[0]: _Unpickler.refuse for opcode in _REFUSED_OPCODES},
}
_Unpickler.dispatch = _dispatch


def _require_plain(value: Any) -> None:
    """Raise where anything but data is left. Shared parts are visited once."""
    seen: set[int] = set()
    todo = [value]
    while todo:
        part = todo.pop()
        if not isinstance(part, _PLAIN):
            raise _Refused(f"a {type(part).__name__.strip('_').lower()} as data")
        if isinstance(part, (list, tuple, dict)) and id(part) not in seen:
            seen.add(id(part))
            todo.extend([*part, *part.values()] if isinstance(part, dict) else part)
