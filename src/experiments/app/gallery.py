"""The real pictures of each model, looked at once and kept, a few at each turn of the queue."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from experiments.app.about import About
from experiments.app.queue import Queue
from experiments.app.refusal import Refused
from experiments.app.request import AppRequest

if TYPE_CHECKING:
    from experiments.app.find import Gallery


class Galleries:
    """One of each model that was searched."""

    def __init__(self, request: AppRequest, queue: Queue) -> None:
        self._cache, self._most = request.cache, int(request.options["gallery"])
        self._patience, self._queue = float(request.options["patience"]), queue
        self._made: dict[str, Gallery] = {}
        self._looking = threading.Lock()

    def of(self, about: About) -> Gallery:
        """Raises `Refused` where a model has no encoders or no data here, and for whoever waits
        longer than `app.patience` for another's."""
        from experiments.app.find import Looking

        if not self._looking.acquire(timeout=self._patience):
            raise Refused("the real pictures are still being looked at; try again in a moment")
        try:
            if about.name not in self._made:
                place, most = about.place, self._most
                looking = self._queue.run(lambda: Looking(place, self._cache, most))
                found = None
                while found is None:
                    found = self._queue.run(looking.step)
                self._made[about.name] = found
            return self._made[about.name]
        finally:
            self._looking.release()
