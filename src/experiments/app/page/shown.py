"""What pages show, by names that nobody can guess: held for a while, so that a click can ask for
more of it. The oldest leave first, so that memory is bounded however many look."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

import numpy as np

from experiments.app.refusal import Refused
from experiments.app.wish import Drawing

T = TypeVar("T")
MOST = 512
BYTES = 512_000_000


class Shown(Generic[T]):
    """At most `most` things of `bytes` in all; `size` says how many one has."""

    def __init__(self, most: int = MOST, bytes: int = BYTES) -> None:
        self._most, self._bytes, self._all = most, bytes, 0
        self._held: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, thing: T, size: int) -> str:
        """Its name."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._held[name] = thing, size
            self._all += size
            while len(self._held) > 1 and (len(self._held) > self._most or self._all > self._bytes):
                _, (_, gone) = self._held.popitem(last=False)
                self._all -= gone
        return name

    def __getitem__(self, name: str) -> T:
        """Raises `Refused` for what is not held, or no more."""
        with self._lock:
            if name not in self._held:
                raise Refused("this was drawn long ago and is held no more; draw it again")
            self._held.move_to_end(name)
            return self._held[name][0]

    def __len__(self) -> int:
        return len(self._held)


def size_of(drawing: Drawing) -> int:
    """Bytes that a drawing holds."""
    arrays: list[np.ndarray] = []
    count = len(drawing.wish.picture or b"")
    if drawing.wish.recording is not None:
        arrays.append(drawing.wish.recording.samples)
    for made in drawing.made:
        arrays += [*made.stages, *(made.maps or ())]
        count += len(made.clip or b"") + len(made.sound or b"")
    return count + sum(array.nbytes for array in arrays)
