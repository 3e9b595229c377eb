"""What of a request reaches Gradio: no more than the page and Python's client need.

Gradio can also take files to its disk, hand out files, fetch from other hosts and run what a page
of another site sends. None of it is needed here, so none of it is there.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from experiments.app.request import is_loopback
from experiments.terminal.line import number_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = re.compile(
    r"/|/(?:login|logout|config|theme\.css|favicon\.ico|robots\.txt|pwa_icon|manifest\.json)/?"
    r"|/(?:assets|static|svelte)/[\w./@-]+"
    r"|/gradio_api/(?:info|openapi\.json|theme\.css|startup-events|app_id|login_check|token|user"
    r"|queue/(?:join|data|status)|call/\w+(?:/\w+)?|component_server|heartbeat/\w+|cancel|reset)/?"
)
# Only the page's own scripts run, and they speak with this host alone. `unsafe-eval`: Gradio
# compiles the templates of its HTML.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' "
    "data:; connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri "
    "'self'; form-action 'self'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
PORT = re.compile(r":\d+$")
SMALL = 10_000  # bytes of who logs in, which is before anybody is known
LARGE = 1_000_000  # bytes, from which on a body counts among those that are held at once


class TooMuch(Exception):
    """A body is longer than what may be sent, or too much is held already."""


class Door:
    """`most`: bytes of one body; `all`: of those that are held at once. `home`: the server is heard
    on this machine alone, so it is called by one of its names: a page of another site that has its
    name point here is not let in."""

    def __init__(self, app: App, most: int, all: int, home: bool) -> None:
        self._app, self._most, self._all, self._home = app, most, all, home
        self._held, self._lock = 0, threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused:
            await _answer(send, *refused)
            return
        counted = _Counted(self, receive, self._bound(scope))
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message["headers"], *HEADERS]}
            await send(message)

        try:
            await self._app(scope, counted.receive, sent)
        except TooMuch:
            if not begun:
                await _answer(send, 413, "too large, or too much at once")
        finally:
            self._release(counted.taken)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        if scope["type"] != "http":
            return 404, "not found"
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if not OPEN.fullmatch(scope["path"]) or ".." in scope["path"]:
            return 404, "not found"
        host = headers.get(b"host", "")
        if self._home and not is_loopback(PORT.sub("", host).strip("[]")):
            return 421, "this server is called by localhost"
        origin = headers.get(b"origin")
        if scope["method"] == "POST":
            # A proxy in front of a Space says by which name it was called.
            names = (host, headers.get(b"x-forwarded-host", host))
            if origin is not None and origin.partition("://")[2] not in names:
                return 403, "another site may not send here"
            if not headers.get(b"content-type", "").startswith(
                ("application/json", "application/x-www-form-urlencoded")
            ) and not scope["path"].startswith("/login"):
                return 415, "send JSON"
        length = headers.get(b"content-length", "0")
        if not length.isdecimal() or int(length) > self._bound(scope):
            return 413, f"at most {number_of(self._bound(scope), 'byte', ',')} are taken"
        return None

    def _bound(self, scope: Scope) -> int:
        return SMALL if scope["path"].startswith("/login") else self._most

    def take(self, count: int) -> None:
        with self._lock:
            if self._held + count > self._all:
                raise TooMuch
            self._held += count

    def _release(self, count: int) -> None:
        with self._lock:
            self._held -= count


class _Counted:
    """A body as it comes in, whatever its header said."""

    def __init__(self, door: Door, receive: Receive, most: int) -> None:
        self._door, self._receive, self._most = door, receive, most
        self._seen, self.taken = 0, 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._most:
            raise TooMuch
        if self._seen > LARGE:
            self._door.take(self._seen - self.taken)
            self.taken = self._seen
        return message


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
