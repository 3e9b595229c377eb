"""What pages show, by names that nobody can guess: held for a while, so that a click can ask for
more of it. The oldest leave first, so that memory is bounded however many look."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import TypeVar

import numpy as np

from experiments.app.refusal import Refused
from experiments.app.wish import Drawing

T = TypeVar("T")
MOST = 512


class Shown:
    """At most `most` things of `bytes` in all, of whatever kinds."""

    def __init__(self, bytes: int, most: int = MOST) -> None:
        self._most, self._bytes, self._all = most, bytes, 0
        self._held: OrderedDict[str, tuple[object, int]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, thing: object, size: int) -> str:
        """Its name, from now on; `size`: bytes that it holds."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._held[name] = thing, size
            self._all += size
            while len(self._held) > 1 and (len(self._held) > self._most or self._all > self._bytes):
                _, (_, gone) = self._held.popitem(last=False)
                self._all -= gone
        return name

    def get(self, name: str, kind: type[T]) -> T:
        """Raises `Refused` for what is not held, or no more, or is of another kind."""
        with self._lock:
            found, _ = self._held.get(name, (None, 0))
            if not isinstance(found, kind):
                raise Refused("this was drawn long ago and is held no more; draw it again")
            self._held.move_to_end(name)
            return found

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
