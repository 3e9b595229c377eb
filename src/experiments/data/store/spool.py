"""Records of any number, of which few are in memory: what is read of a data set, before its table.

A few are a list. More go to a file without a name, which the system takes away with the process.
"""

from __future__ import annotations

import itertools
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
LARGE = 100_000  # records, above which a data set is kept in files and not in lists
CHUNK = 256  # records that are read together


class Chunks(Sequence[T], Generic[T]):
    """A sequence that is read in chunks; one of them is in memory. A slice is a list."""

    length: int
    _last: tuple[int, list[T]]

    def chunk(self, number: int) -> list[T]:
        """`CHUNK` items from `number * CHUNK`, or what is left of them."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._at(row) for row in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._at(index % len(self))

    def __iter__(self) -> Iterator[T]:
        for number in range(-(-len(self) // CHUNK)):
            yield from self.chunk(number)

    def _at(self, row: int) -> T:
        number, place = divmod(row, CHUNK)
        if self._last[0] != number:
            self._last = (number, self.chunk(number))
        return self._last[1][place]


class Spool(Chunks[T]):
    """A sequence that grows at its end."""

    def __init__(self) -> None:
        self.length, self._last = 0, (-1, [])
        self._ends: list[int] = [0]  # of chunks in the file
        self._tail: list[T] = []
        self._file: Any = None

    def append(self, item: T) -> None:
        """One more."""
        self._tail.append(item)
        self.length += 1
        if self._file is not None and len(self._tail) == CHUNK:
            self._write(self._tail)
            self._tail = []
        elif self._file is None and len(self._tail) > LARGE:
            self._file = tempfile.TemporaryFile(prefix="birdsong-")  # noqa: SIM115
            whole = len(self._tail) - len(self._tail) % CHUNK
            for start in range(0, whole, CHUNK):
                self._write(self._tail[start : start + CHUNK])
            self._tail = self._tail[whole:]

    def chunk(self, number: int) -> list[T]:
        if number >= len(self._ends) - 1:
            start = (number - (len(self._ends) - 1)) * CHUNK
            return self._tail[start : start + CHUNK]
        self._file.seek(self._ends[number])
        found: list[T] = pickle.loads(self._file.read(self._ends[number + 1] - self._ends[number]))
        return found

    def _write(self, items: list[T]) -> None:
        self._file.seek(self._ends[-1])
        self._file.write(pickle.dumps(items, pickle.HIGHEST_PROTOCOL))
        self._ends.append(self._file.tell())


class Joined(Chunks[T]):
    """One sequence after another."""

    def __init__(self, *parts: Sequence[T]) -> None:
        self.parts = [part for part in parts if len(part)]
        self.length, self._last = sum(map(len, self.parts)), (-1, [])

    def __iter__(self) -> Iterator[T]:
        return itertools.chain.from_iterable(self.parts)

    def _at(self, row: int) -> T:
        for part in self.parts:
            if row < len(part):
                return part[row]
            row -= len(part)
        raise IndexError(row)


def spooled(items: Iterable[T]) -> Sequence[T]:
    """The items, in memory where they are few."""
    spool: Spool[T] = Spool()
    for item in items:
        spool.append(item)
    return spool if len(spool) > LARGE else list(spool)
