"""What of a request reaches Gradio: no more than the page and Python's client need.

Gradio can also take files to its disk, hand out files, fetch from other hosts and run what a page
of another site sends. None of it is needed here, so none of it is there.
"""

from __future__ import annotations

import asyncio
import math
import re
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from experiments.app.page.tries import Tries
from experiments.app.request import is_loopback
from experiments.machine.setup import give_back
from experiments.terminal.line import number_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Refusal = tuple[int, str] | tuple[int, str, int]  # a status, a line, and s to wait

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
SENDS, READS = 120.0, 60.0  # s in which a body has to be here, and a part of an answer to be taken
TIDY = 2.0  # s after a large body, when its memory goes back: by then it was answered
TURN, WAITING = 5.0, 32  # s that a request too many waits for its turn, and how many of them do


class TooMuch(Exception):
    """A body is longer than what may be sent, or too much is held already."""


class TooSlow(Exception):
    """A body is not here in time."""


class Door:
    """`most`: bytes of one body; `all`: of those that are held at once; `requests`: those that are
    answered at once. `home`: the server is heard on this machine alone, so it is called by one of
    its names: a page of another site that has its name point here is not let in. `tries`: those of
    passwords, where there is one."""

    def __init__(
        self,
        app: App,
        most: int,
        all: int,
        home: bool,
        requests: int = 128,
        tries: Tries | None = None,
    ) -> None:
        self._app, self._most, self._all, self._home = app, most, all, home
        self._requests, self._tries = requests, tries
        self._held, self._lock = 0, threading.Lock()
        self._turns, self._waiting = asyncio.Semaphore(requests), 0
        self._untidy = False  # whether memory is to be given back soon

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused:
            await _answer(send, *refused)
        elif not await self._turn():
            told = f"busy: {self._requests} requests are answered already; try again in a moment"
            await _answer(send, 503, told, math.ceil(TURN))
        else:
            try:
                waits = self._waits(scope)
                await (_answer(send, *waits) if waits else self._pass(scope, receive, send))
            finally:
                self._turns.release()

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        counted = _Counted(self, receive, self._bound(scope))
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message["headers"], *HEADERS]}
                if self._tries and logs_in(scope) and message["status"] == 200:
                    self._tries.right(address_of(scope))
            async with asyncio.timeout(READS):
                await send(message)

        try:
            await self._app(scope, counted.receive, sent)
        except TooMuch:
            if not begun:
                await _answer(send, 413, "too large, or too much at once")
        except TooSlow:
            if not begun:
                await _answer(send, 408, f"what is sent has to be here within {SENDS:g} s")
        finally:
            self._release(counted.taken)
            if counted.taken and not self._untidy:
                self._untidy = True
                asyncio.get_running_loop().call_later(TIDY, self._tidy)

    def _tidy(self) -> None:
        self._untidy = False
        give_back()

    async def _turn(self) -> bool:
        """Whether there is one within a moment: a page that is opened asks for much at once."""
        if self._turns.locked() and self._waiting >= WAITING:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(TURN):
                await self._turns.acquire()
            return True
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    def _waits(self, scope: Scope) -> Refusal | None:
        """Of who gave wrong passwords, before another is looked at."""
        if self._tries is None or not logs_in(scope):
            return None
        left = self._tries.take(address_of(scope))
        if not left:
            return None
        # The form that Gradio shows to people says of 400 that something was wrong, of 429 nothing.
        browser = any(name == b"sec-fetch-mode" for name, _ in scope["headers"])
        told = f"too many wrong passwords; try again in {math.ceil(left)} s"
        return 400 if browser else 429, told, math.ceil(left)

    def _refused(self, scope: Scope) -> Refusal | None:
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
        self._whole, self._end = False, asyncio.get_running_loop().time() + SENDS

    async def receive(self) -> Message:
        if self._whole:  # what comes now is that somebody leaves
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        self._whole = not message.get("more_body", False)
        self._seen += len(message.get("body", b""))
        if self._seen > self._most:
            raise TooMuch
        if self._seen > LARGE:
            self._door.take(self._seen - self.taken)
            self.taken = self._seen
        return message


def logs_in(scope: Scope) -> bool:
    return bool(scope["method"] == "POST" and scope["path"].startswith("/login"))


def address_of(scope: Scope) -> str:
    """Who asks; of a proxy on this machine, whom it asks for (Uvicorn reads that)."""
    return str((scope.get("client") or ("",))[0])


async def _answer(send: Send, status: int, text: str, wait: int = 0) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"), *HEADERS]
    headers += [(b"retry-after", str(wait).encode())] * bool(wait)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
