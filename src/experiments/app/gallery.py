"""The real pictures of each model, looked at once and kept, a few at each turn of the queue."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from experiments.app.about import About
from experiments.app.queue import Busy, Queue
from experiments.app.refusal import Refused
from experiments.app.request import AppRequest

if TYPE_CHECKING:
    from experiments.app.find import Gallery, Looking


class Galleries:
    """One of each model that was searched, as many as models are in memory (`app.models`): those
    that were not used for longest make room."""

    def __init__(self, request: AppRequest, queue: Queue) -> None:
        self._cache, self._most = request.cache, int(request.options["gallery"])
        self._patience, self._queue = float(request.options["patience"]), queue
        self._held = int(request.options["models"])
        self._made: OrderedDict[str, Gallery] = OrderedDict()
        self._begun: dict[str, Looking] = {}
        self._looking, self._taking = threading.Lock(), threading.Lock()

    def of(self, about: About) -> Gallery:
        """Raises `Refused` where a model has no encoders or no data here, and for whoever waits
        longer than `app.patience` for another's."""
        from experiments.app.find import Looking

        if (found := self._there(about.name)) is not None:
            return found
        if not self._looking.acquire(timeout=self._patience):
            raise Refused("the real pictures are still being looked at; try again in a moment")
        try:
            found = self._there(about.name)  # it may have been made meanwhile
            if found is None:
                place, most = about.place, self._most
                looking = self._begun.pop(about.name, None)
                if looking is None:
                    looking = self._queue.run(lambda: Looking(place, self._cache, most))
                try:
                    while found is None:
                        found = self._queue.run(looking.step)
                except Busy:
                    self._begun[about.name] = looking  # whoever asks next goes on from here
                    raise
                with self._taking:
                    while len(self._made) >= self._held:
                        self._made.popitem(last=False)
                    self._made[about.name] = found
            return found
        finally:
            self._looking.release()

    def _there(self, name: str) -> Gallery | None:
        with self._taking:
            if name in self._made:
                self._made.move_to_end(name)
            return self._made.get(name)
