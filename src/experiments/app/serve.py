"""`task=app`: the page, served to this machine until Ctrl-C.

    python run.py task=app run=outputs/attngan_4stage-plumage/7d665346aa

Gradio draws it; the server is Uvicorn, which Gradio brings, on a socket that is opened before
anything slow is loaded, so that a port that is taken is told at once.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from experiments.app.page.toolkit import import_gradio
from experiments.app.request import AppRequest, app_of, is_loopback
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import say, show
from experiments.terminal.package import installing

if TYPE_CHECKING:
    from experiments.app.session import Session

# Read by Gradio when it is imported.
QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_SSR_MODE": "False",
}
ENDING = 1  # s that requests have to end in
SPARE = 64  # connections that wait, or that nobody uses, beside those of all requests
AT_ONCE = 8  # uploads of the largest size that are held at once


def serve(config: Mapping[str, Any], everybody: bool = False) -> None:
    """Serve the runs of a command until the process is asked to leave. Raises `UserError` where
    Gradio is not there, where the port is taken, and for runs that make nothing. `everybody`: the
    machine itself decides who may come, as a Hugging Face Space."""
    request = app_of(config, everybody)
    if request.options["window"]:
        from experiments.app.window import open_window

        open_window(request)
        return
    _require_gradio()
    host, port = str(request.options["host"]), int(request.options["port"])
    with listening(host, port) as listener:
        os.environ.update(QUIET)
        # The two slow imports, one on each core.
        ahead = threading.Thread(target=import_gradio, daemon=True)
        ahead.start()
        from experiments.app.session import Session
        from experiments.machine.setup import share_memory

        share_memory()
        session = Session(request)
        ahead.join()
        try:
            with served(session, listener):
                address = address_of(listener)
                show(f"{address}  (Ctrl-C ends it)")
                threading.Thread(target=_warm, args=(session,), daemon=True).start()
                if request.options["browser"]:
                    _open(address)
                threading.Event().wait()
        except KeyboardInterrupt:
            say("closed")
        finally:
            session.close()


def _require_gradio() -> None:
    for package in ("gradio", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise UserError(f"task=app needs the extra app: {installing('gradio')}")


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket there; port 0 is one that is free. Raises `UserError` where it cannot be had."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UserError(f"app.host={host}: {reason_of(error)}; give 127.0.0.1") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
        except OSError as error:
            raise UserError(
                f"app.port={port}: {reason_of(error)} ({host}); close what uses it, or take "
                "another, as app.port=7861; app.port=0 finds one that is free"
            ) from None
        listener.listen(128)
        yield listener


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"


@contextmanager
def served(session: Session, listener: socket.socket) -> Iterator[None]:
    """The page of a session, on a socket that listens; it answers when this is entered. `Session`'s
    request says who may come, and what may be sent."""
    import uvicorn

    from experiments.app.page.connection import bounded

    options = uvicorn.Config(
        application(session),
        http=bounded(int(session.request.options["requests"]) + SPARE),
        log_level="critical",
        timeout_graceful_shutdown=ENDING,
        timeout_keep_alive=30,
        server_header=False,
        ws="none",
        lifespan="on",
    )
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run, args=([listener],), name="server", daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
        yield
    finally:
        server.should_exit = True
        with suppress(KeyboardInterrupt):  # asked twice: it is leaving
            thread.join(ENDING + 2)


def application(session: Session) -> Any:
    """The page with its door, as an application of ASGI."""
    import fastapi
    import gradio as gr

    from experiments.app.page.blocks import page
    from experiments.app.page.door import Door
    from experiments.app.page.forget import forget_values
    from experiments.app.page.style import looks
    from experiments.app.page.tries import TOLD, Tries

    request: AppRequest = session.request
    options = request.options
    blocks = page(session)
    # Requests wait in the session's queue, which has a bound; each takes a thread while it waits.
    blocks.max_threads = int(options["waiting"]) + 32
    blocks.queue(max_size=int(options["waiting"]), default_concurrency_limit=None)
    password = options["password"]
    app = gr.mount_gradio_app(
        fastapi.FastAPI(openapi_url=None),
        blocks,
        "/",
        auth=None if password is None else (str(options["user"]), str(password)),
        auth_message=TOLD if password is not None else None,
        run_history=False,
        show_error=False,
        max_file_size=request.bounds.bytes,
        ssr_mode=False,
        pwa=False,
        enable_monitoring=False,
        **looks(),
    )
    forget_values(blocks)
    most = 4 * request.bounds.bytes // 3 + 100_000  # base64, and what stands around it
    home, tries = is_loopback(str(options["host"])), Tries() if password is not None else None
    return Door(app, most, AT_ONCE * most, home, int(options["requests"]), tries)


def _warm(session: Session) -> None:
    """While the page is looked at, so that the first picture is there at once; a fault is told when
    somebody asks for one."""
    with suppress(Exception):
        session.warm()


def _open(address: str) -> None:
    """In the browser of who sits here, if there is one."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not screen:
        return  # a browser of the terminal would take it over
    with suppress(webbrowser.Error):
        webbrowser.open(address)
