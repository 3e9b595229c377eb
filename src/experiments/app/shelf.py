"""Models in memory: each is loaded once for all who use it; those that were not used for longest
make room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """At most `most` things that `load` makes. It is asked from one thread alone, that of the
    queue."""

    def __init__(self, load: Callable[[K], V], most: int) -> None:
        assert most > 0
        self._load, self.most = load, most
        self._held: OrderedDict[K, V] = OrderedDict()

    def __getitem__(self, key: K) -> V:
        if key not in self._held:
            while len(self._held) >= self.most:
                self._held.popitem(last=False)
            self._held[key] = self._load(key)
        self._held.move_to_end(key)
        return self._held[key]

    @property
    def held(self) -> tuple[K, ...]:
        """Those in memory, the last used last."""
        return tuple(self._held)
