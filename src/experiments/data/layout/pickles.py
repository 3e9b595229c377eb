"""Pickles that other people wrote, read without running anything that they ask for.

The metadata of AttnGAN and StackGAN are Python 2 pickles. A pickle is a program: the standard
reader imports and calls whatever it names. This one builds lists, tuples, dictionaries, strings,
bytes and numbers, and knows the few names with which numpy writes an array of numbers; those stand
for functions of this file, so numpy's own are never called. Anything else is refused, and so is a
small file that would grow: by parts that it names again and again, or that it makes by the million.
"""

from __future__ import annotations

import io
import math
import pickle
import re
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from experiments.file.bounded import read_bounded
from experiments.file.name import plain, shown
from experiments.terminal.error import UserError

LIMIT = 64_000_000  # bytes; the published captions.pickle has 6 million
MOST = 1_000_000  # lists, and as many marks and names of parts; captions of COCO need 600 thousand
_PLAIN = (list, tuple, dict, str, bytes, bytearray, int, float, bool, type(None))
_KEYS = (str, bytes, int, float, bool, type(None))
_NUMBER = re.compile(r"[<>=|]?[biuf][1248]")
_REFUSED_OPCODES = (
    *(pickle.PERSID, pickle.BINPERSID, pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX),
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
_SETS = (pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET)
_LISTS = (
    *(pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.LIST, pickle.DICT, pickle.REDUCE),
    *(pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
)
_NAMES = (pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE)
Spend = Callable[[int], None]  # says that so many bytes are made; raises where they are too many


class Refused(Exception):
    """The pickle wants something that metadata have no need of."""


def load_pickle(path: Path, limit_bytes: int = LIMIT) -> Any:
    """Plain content of a pickle of any protocol; Python 2 strings are read as Latin-1.

    Arrays of numbers arrive as (nested) lists. Raises `UserError` for a file that is missing,
    larger than `limit_bytes`, broken, or that names anything but plain data, with that name.
    """
    content = read_bounded(path, limit_bytes)
    try:
        value = Unpickler(content).load()
        _require_plain(value)
    except Refused as refusal:
        raise UserError(
            f"{path}: refused, because it asks for {refusal}; fetch the file from its source"
        ) from None
    except Exception as error:  # whatever a broken stream provokes
        raise UserError(
            f"{path}: not a complete pickle ({type(error).__name__}); fetch it again"
        ) from None
    return value


class Dtype:
    """Stands in for `numpy.dtype`: a kind and a width of numbers, and their byte order."""

    def __init__(self, spend: Spend, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not _NUMBER.fullmatch(code):
            raise Refused(f"an array of {shown(code)}")
        self.dtype = np.dtype(code)

    def set_state(self, spend: Spend, state: Any) -> None:
        order = state[1]
        if order not in ("<", ">", "|", "="):
            raise Refused(f"the byte order {shown(order)}")
        self.dtype = self.dtype.newbyteorder(order)


class Array(list):
    """Stands in for `numpy.ndarray`: the numbers themselves, as a list."""

    def set_state(self, spend: Spend, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        self[:] = _numbers(spend, raw, dtype, shape, "F" if fortran else "C")


def numbers(spend: Spend, raw: Any, dtype: Any, shape: Any, order: str = "C") -> np.ndarray:
    """The array that lies in `raw`, a view of it that nobody can write to."""
    if not isinstance(raw, (str, bytes, bytearray)):  # of a number, `bytes` makes as many zeros
        raise Refused("an array of no data")
    data = raw.encode("latin-1") if isinstance(raw, str) else bytes(raw)
    spend(len(data))
    if not isinstance(dtype, Dtype) or not all(type(n) is int and n >= 0 for n in shape):
        raise Refused("an array without a shape or a type")
    if len(shape) > 4 or math.prod(shape) * dtype.dtype.itemsize != len(data):
        raise Refused("an array whose size is not that of its data")
    flat = np.frombuffer(data, dtype.dtype)
    # Dimensions that run the other way round are a transposed array.
    return flat.reshape(shape[::-1]).T if order == "F" else flat.reshape(shape)


def _numbers(spend: Spend, raw: Any, dtype: Any, shape: Any, order: str = "C") -> list:
    found = numbers(spend, raw, dtype, shape, order)
    # A huge empty shape must not become as many empty lists.
    return list(found.tolist()) if found.size else []


def _scalar(spend: Spend, dtype: Any, raw: Any) -> Any:
    return _numbers(spend, raw, dtype, (1,))[0]


def _encode(spend: Spend, text: Any, encoding: Any = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise Refused(f"the encoding {shown(encoding)}")
    spend(len(text))
    return text.encode("latin-1")


def _empty_bytes(spend: Spend, *arguments: Any) -> bytes:
    if arguments:
        raise Refused("bytes made of something")
    return b""


def _empty_array(spend: Spend, *_: Any) -> Array:
    return Array()


class _Stand:
    """A global that a pickle may name. It has no attributes, so a pickle can set none."""

    __slots__ = ("_call", "_spend")

    def __init__(self, call: Callable[..., Any], spend: Spend) -> None:
        self._call, self._spend = call, spend

    def __call__(self, *arguments: Any) -> Any:
        return self._call(self._spend, *arguments)


GLOBALS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): Dtype,
    ("numpy", "ndarray"): _empty_array,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _empty_bytes,
    ("builtins", "bytes"): _empty_bytes,
}
for _core in ("numpy.core", "numpy._core"):
    GLOBALS[f"{_core}.multiarray", "_reconstruct"] = _empty_array
    GLOBALS[f"{_core}.multiarray", "scalar"] = _scalar
    GLOBALS[f"{_core}.numeric", "_frombuffer"] = _numbers


# The reader in Python, not the one in C: there an index of four bytes makes a table of 32 GB.
class Unpickler(pickle._Unpickler):
    stack: list[Any]
    read: Callable[[int], bytes]
    append: Callable[[Any], None]
    names: ClassVar = GLOBALS  # what a pickle may name

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="latin-1")
        self._size, self._counts = len(content), Counter[str]()
        self._left = 1000 + 2 * len(content)  # bytes that calls may make: each once, and encoded

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise Refused("more data than it holds")

    def counted(self, kind: str, load: Callable[[Unpickler], None]) -> None:
        self._counts[kind] += 1
        if self._counts[kind] > MOST:
            raise Refused(f"more than {MOST} {kind}")
        load(self)

    def find_class(self, module: str, name: str) -> Any:
        call = self.names.get((module, name))
        if call is None:
            raise Refused(plain(f"{module}.{name}"))
        return _Stand(call, self.spend)

    def build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], (Array, Dtype)):
            raise Refused(f"the state of a {type(self.stack[-1]).__name__}")
        self.stack[-1].set_state(self.spend, state)

    def keyed(self, load: Callable[[Unpickler], None], keys: Sequence[Any]) -> None:
        """Keys must hash fast: a nested tuple has no end, and chosen numbers are all alike."""
        for key in keys:
            if type(key) not in _KEYS or (isinstance(key, int) and abs(key) >= 2**63):
                raise Refused(f"{shown(key)} as a key")
        load(self)

    def load_bytearray(self) -> None:
        (length,) = struct.unpack("<Q", self.read(8))
        if length > self._size:  # the standard reader makes it before it looks for its content
            raise EOFError
        self.append(bytearray(self.read(length)))

    def refuse(self) -> None:
        raise Refused("an object")

    def refuse_set(self) -> None:
        raise Refused("a set as data")


def _counted(kind: str, load: Any) -> Any:
    return lambda reader: reader.counted(kind, load)


_standard: dict[int, Any] = pickle._Unpickler.dispatch
_dispatch: dict[int, Any] = {
    **_standard,
    **{opcode[0]: _counted("lists", _standard[opcode[0]]) for opcode in _LISTS},
    **{opcode[0]: _counted("names", _standard[opcode[0]]) for opcode in _NAMES},
    pickle.MARK[0]: _counted("marks", _standard[pickle.MARK[0]]),
    pickle.BUILD[0]: Unpickler.build,
    pickle.BYTEARRAY8[0]: Unpickler.load_bytearray,
    **{opcode[0]: Unpickler.refuse for opcode in _REFUSED_OPCODES},
    **{opcode[0]: Unpickler.refuse_set for opcode in _SETS},
}
for _opcode in (pickle.SETITEMS, pickle.DICT):
    _dispatch[_opcode[0]] = lambda reader, load=_standard[_opcode[0]]: reader.keyed(
        load, reader.stack[::2]
    )
_dispatch[pickle.SETITEM[0]] = lambda reader, load=_standard[pickle.SETITEM[0]]: reader.keyed(
    load, reader.stack[-2:-1]
)
Unpickler.dispatch = _dispatch


def _require_plain(value: Any) -> None:
    """Raise where anything but data is left. Shared parts are visited once."""
    seen: set[int] = set()
    todo = [value]
    while todo:
        part = todo.pop()
        if not isinstance(part, _PLAIN):
            raise Refused(f"a {type(part).__name__.strip('_').lower()} as data")
        if isinstance(part, (list, tuple, dict)) and id(part) not in seen:
            seen.add(id(part))
            todo.extend([*part, *part.values()] if isinstance(part, dict) else part)
