"""How many may be there at once: in connections of the server, and in requests at its door."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from experiments.app.page import door as doors
from experiments.app.page.door import Door

uvicorn = pytest.importorskip("uvicorn", reason="needs the extra app")
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = (
    b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})


@contextmanager
def serving(app: Any, connections: int) -> Iterator[Callable[[], socket.socket]]:
    """Opens a connection to a server that has so many at most."""
    from experiments.app.page.connection import bounded

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        options = uvicorn.Config(
            app, http=bounded(connections), log_level="critical", lifespan="off"
        )
        server = uvicorn.Server(options)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        opened: list[socket.socket] = []

        def connect() -> socket.socket:
            opened.append(socket.create_connection(listener.getsockname(), timeout=10))
            return opened[-1]

        while not server.started:
            time.sleep(0.01)
        yield connect
        for line in opened:
            line.close()
        server.should_exit = True
        thread.join(5)


def said(line: socket.socket, request: bytes = GET) -> bytes:
    """Everything up to the end of a short answer; empty where the connection is gone."""
    found = b""
    try:
        line.sendall(request)
        while b"hello" not in found and (piece := line.recv(4096)):
            found += piece
    except OSError:
        pass
    return found


def test_who_asks_nothing_makes_room_for_who_does() -> None:
    with serving(hello, 4) as connect:
        polite = connect()
        assert b"200 OK" in said(polite)
        idle = [connect() for _ in range(50)]  # they never ask
        idle[0].settimeout(5)
        assert idle[0].recv(1) == b"", "the longest unused was closed"
        for _ in range(10):
            assert b"200 OK" in said(connect())


def test_a_request_too_many_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "TURN", 0.1)
    held: list[asyncio.Event] = []

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/config":
            held.append(asyncio.Event())
            await held[-1].wait()
        await hello(scope, receive, send)

    door = Door(waits, 1000, 1000, home=True, requests=3)
    with serving(door, 3 + 8) as connect:
        busy = [connect() for _ in range(3)]
        for line in busy:
            line.sendall(GET.replace(b"/ ", b"/config "))
        while len(held) < 3:
            time.sleep(0.01)
        began = time.monotonic()
        for _ in range(10):
            answer = said(connect())
            assert b"503 Service Unavailable" in answer
            assert b"busy: 3 requests are answered already; try again in a moment" in answer
        assert time.monotonic() - began < 5
        monkeypatch.setattr(doors, "TURN", 60.0)
        monkeypatch.setattr(doors, "WAITING", 1)
        waiting = connect()
        waiting.sendall(GET)
        time.sleep(0.1)
        assert b"503" in said(connect()), "of those that wait there are only so many"
        busy[0].close()  # who leaves makes room, even where nothing was answered yet
        for event in held:
            event._loop.call_soon_threadsafe(event.set)  # type: ignore[attr-defined]
        assert b"hello" in said(busy[1], b"") and b"200 OK" in said(waiting, b"")
        assert b"200 OK" in said(connect())


def test_a_body_that_does_not_come_is_told_and_frees_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doors, "SENDS", 0.3)
    with serving(Door(hello, 1000, 1000, home=True, requests=1), 8) as connect:
        slow = connect()
        slow.sendall(POST + b"Content-Length: 100\r\n\r\n{")
        time.sleep(0.1)
        monkeypatch.setattr(doors, "TURN", 0.05)
        assert b"503" in said(connect())
        assert b"408 Request Timeout" in slow.recv(4096)
        assert b"200 OK" in said(connect())


def test_an_answer_that_is_not_read_frees_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "READS", 0.3)

    async def much(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/config":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(2000):
                body = {"type": "http.response.body", "body": b"x" * 100_000, "more_body": True}
                await send(body)
        await hello(scope, receive, send)

    with serving(Door(much, 1000, 1000, home=True, requests=1), 8) as connect:
        deaf = connect()
        deaf.sendall(GET.replace(b"/ ", b"/config "))
        time.sleep(0.1)
        end = time.monotonic() + 10
        while b"200 OK" not in said(connect()):
            assert time.monotonic() < end
            time.sleep(0.05)
