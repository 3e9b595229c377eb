"""Texts end to end in one array of bytes, which may be a map of a file: no list of strings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

BLOCK = 4096  # texts that are decoded together


class Texts(Sequence[str]):
    """content: uint8, UTF-8 of all texts; ends: int64 (N + 1,), where each begins and the last
    ends."""

    def __init__(self, content: np.ndarray, ends: np.ndarray) -> None:
        self.content, self.ends = content, ends

    def __len__(self) -> int:
        return len(self.ends) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            first, last, step = index.indices(len(self))
            return self._between(first, last)[::step] if step > 0 and first < last else []
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._between(index % len(self), index % len(self) + 1)[0]

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), BLOCK):
            yield from self._between(first, min(first + BLOCK, len(self)))

    def between(self, first: int, last: int) -> Texts:
        """The texts from `first` to `last`, of which nothing is copied."""
        return Texts(self.content, self.ends[first : last + 1])

    def taken(self, rows: np.ndarray) -> Texts:
        """Some of the texts, copied: rows (n,)."""
        ends = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(self.ends[rows + 1] - self.ends[rows], out=ends[1:])
        content = np.empty(ends[-1], np.uint8)
        for row, begin, end in zip(
            rows.tolist(), ends[:-1].tolist(), ends[1:].tolist(), strict=True
        ):
            content[begin:end] = self.content[self.ends[row] : self.ends[row + 1]]
        return Texts(content, ends)

    def _between(self, first: int, last: int) -> list[str]:
        ends = np.asarray(self.ends[first : last + 1])
        begin = int(ends[0])
        content = self.content[begin : int(ends[-1])].tobytes()
        places = (ends - begin).tolist()
        return [content[a:b].decode("utf-8") for a, b in itertools.pairwise(places)]


class TextLists(Sequence[Sequence[str]]):
    """Texts in groups: group i is the texts `start[i]` to `start[i + 1]`, start (N + 1,)."""

    def __init__(self, texts: Texts, start: np.ndarray) -> None:
        self.texts, self.start = texts, start

    def __len__(self) -> int:
        return len(self.start) - 1

    @overload
    def __getitem__(self, index: int) -> list[str]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sequence[str]]: ...
    def __getitem__(self, index: int | slice) -> list[str] | Sequence[Sequence[str]]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        first, last = self.start[index % len(self)], self.start[index % len(self) + 1]
        return self.texts[int(first) : int(last)]

    def __iter__(self) -> Iterator[list[str]]:
        for first in range(0, len(self), BLOCK):
            start = np.asarray(self.start[first : first + BLOCK + 1])
            texts, begin = self.texts[int(start[0]) : int(start[-1])], int(start[0])
            places = (start - begin).tolist()
            yield from (texts[a:b] for a, b in itertools.pairwise(places))


class OwnNames(Sequence[str]):
    """Names of classes where each record is one of its own: the key of the record with a label."""

    def __init__(self, keys: Sequence[str], labels: np.ndarray) -> None:
        self.keys, self.labels = keys, labels
        self._order: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        if self._order is None:
            self._order = np.argsort(self.labels, kind="stable")
        return self.keys[int(self._order[index])]
