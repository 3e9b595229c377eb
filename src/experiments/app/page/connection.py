"""Connections of the server, so many and no more: where one too many comes, one that nobody uses
leaves, the longest unused first. How many are used at once is bounded by the door, which says so.

A connection is one of Uvicorn's. Nobody uses it before it has asked for something, however slowly
it does, nor after it was answered.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

READ = 60.0  # s in which what was answered has to be read
Base: Any = AutoHTTPProtocol


def bounded(most: int) -> type[asyncio.Protocol]:
    """The class of the connections of a server that has at most `most`."""

    class Bounded(Base):  # type: ignore[misc]
        since = 0.0  # of the loop's clock: when it was opened, or answered
        left = False  # it is about to be gone

        @property
        def unused(self) -> bool:
            if self.cycle is None:
                return True
            if not (self.cycle.response_complete or self.transport.is_closing()):
                return False
            old = bool(self.loop.time() - self.since > READ)
            return old or self.transport.get_write_buffer_size() == 0

        def leave(self) -> None:
            self.left = True
            self.transport.abort()

        def connection_made(self, transport: Any) -> None:
            self.since = self.loop.time()
            there = [one for one in self.connections if not one.left]
            super().connection_made(transport)
            if len(there) >= most:
                unused = [one for one in there if one.unused] or [self]
                min(unused, key=lambda one: one.since).leave()

        def on_response_complete(self) -> None:
            self.since = self.loop.time()
            super().on_response_complete()

    return cast(type[asyncio.Protocol], Bounded)
