"""What a command that serves says where it cannot, and what of a request the door lets in."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made import RED, config_of, request_of

from experiments.app.page.door import Door
from experiments.app.serve import address_of, listening, serve
from experiments.app.session import Session
from experiments.terminal.error import UserError

MOST, ALL = 2_000_000, 3_000_000


def test_a_port_that_is_taken_is_told_before_anything_loads(attends: Path) -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"app\.port={port}: .*app\.port=0 finds one"):
            serve(config_of(attends, port=port))


def test_a_host_that_is_not_of_this_machine_is_told() -> None:
    with pytest.raises(UserError, match=r"192\.0\.2\.1"), listening("192.0.2.1", 0):
        pass


def test_without_gradio_the_extra_is_named(attends: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs the extra app: pip install -e '?\.\[app\]"):
        serve(config_of(attends, port=0))


@pytest.fixture
def attends(served: Callable[[str], Path]) -> Path:
    return served("attends")


@pytest.fixture(scope="module")
def url(served: Callable[[str], Path]) -> Iterator[str]:
    pytest.importorskip("gradio", reason="needs the extra app")
    from experiments.app.serve import served as serving

    session = Session(request_of(served("attends"), password="a long password"))
    with listening("127.0.0.1", 0) as listener, serving(session, listener):
        yield address_of(listener)
    session.close()


def ask(url: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, named)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def test_who_has_no_password_sees_nothing_of_the_models(url: str) -> None:
    code, body, headers = ask(url)
    assert code == 200 and b"aaaaaaaaaa" not in body
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert ask(f"{url}/config")[0] == 401
    call = json.dumps({"data": ["attngan", RED, 0, 1]}).encode()
    assert ask(f"{url}/gradio_api/call/draw", call, content_type="application/json")[0] == 401


def log_in(url: str, password: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    form = urllib.parse.urlencode({"username": "birdsong", "password": password}).encode()
    return ask(f"{url}/login", form, **headers)


def test_who_guesses_passwords_has_to_wait(served: Callable[[str], Path]) -> None:
    pytest.importorskip("gradio", reason="needs the extra app")
    from experiments.app.serve import served as serving

    right = "a long password"
    session = Session(request_of(served("attends"), password=right))
    with listening("127.0.0.1", 0) as listener, serving(session, listener):
        url = address_of(listener)
        assert [log_in(url, f"guess {n}")[0] for n in range(4)] == [400] * 4
        code, _, headers = log_in(url, right)  # the fifth: what was wrong is forgotten
        assert code == 200
        with_cookie = {"cookie": headers["set-cookie"].partition(";")[0]}
        assert [log_in(url, f"guess {n}")[0] for n in range(5)] == [400] * 5
        code, told, headers = log_in(url, right)
        assert (code, headers["retry-after"]) == (429, "30")
        assert told == b"too many wrong passwords; try again in 30 s"
        assert log_in(url, right, sec_fetch_mode="cors")[0] == 400  # the form says that it failed
        assert ask(url)[0] == 200 and ask(f"{url}/config", **with_cookie)[0] == 200
        assert b"After 5 wrong passwords the next has to wait" in ask(url)[1]
    session.close()


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=%2Fetc%2Fpasswd",
        "/gradio_api/proxy=http://192.0.2.1/",
        "/gradio_api/upload",
        "/gradio_api/stream/x",
        "/gradio_api/vibe-code",
        "/static/../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2f..%2fetc/passwd",
        "/monitoring",
        "/docs",
    ],
)
def test_no_file_and_no_other_host_can_be_asked_for(url: str, path: str) -> None:
    assert ask(url + path)[0] == 404
    assert ask(url + path, b"{}", content_type="application/json")[0] == 404


def test_what_is_no_request_of_this_page_stays_outside(url: str) -> None:
    join = f"{url}/gradio_api/queue/join"
    json_of = {"content_type": "application/json"}
    assert ask(join, b"{}", **json_of, origin="http://elsewhere.example")[0] == 403
    assert ask(join, b"{}", **json_of, host="elsewhere.example")[0] == 421
    assert ask(join, b"x", content_type="multipart/form-data; boundary=x")[0] == 415
    assert ask(join, b"{}", **json_of, origin=url)[0] == 401  # it came in, without a password


def through(
    door: Door,
    *parts: bytes,
    length: str | None = None,
    path: str = "/gradio_api/queue/join",
    host: bytes = b"localhost",
) -> int:
    """The status that a body of such parts ends with."""
    sent: list[int] = []
    left = list(parts)

    async def receive() -> dict[str, Any]:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    headers = [(b"host", host), (b"content-type", b"application/json")]
    if length is not None:
        headers.append((b"content-length", length.encode()))
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(door(scope, receive, send))
    (status,) = sent
    return status


async def reader(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_body_is_bounded_whatever_its_header_says() -> None:
    door = Door(reader, MOST, ALL, home=True)
    assert through(door, b"x" * MOST) == 200
    assert through(door, b"x", length=str(MOST + 1)) == 413
    assert through(door, b"x", length="-1") == 413
    assert through(door, b"x" * MOST, b"x") == 413
    assert through(door, b"x" * MOST) == 200, "what was held before is given back"
    # Who logs in is not known yet, and a form of files would go to the disk.
    assert through(door, b"x" * 5_000, b"x" * 6_000, path="/login") == 413
    assert through(door, b"x" * 5_000, path="/login") == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((b"localhost:7860", 200), (b"127.0.0.1", 200), (b"127.0.0.2:80", 200), (b"[::1]:7", 200)),
        *((b"elsewhere.example:7860", 421), (b"", 421), (b"192.0.2.1", 421)),
        (b"localhost.elsewhere.example", 421),
    ],
)
def test_at_home_the_server_has_the_names_of_this_machine_alone(host: bytes, status: int) -> None:
    assert through(Door(reader, MOST, ALL, home=True), b"{}", host=host) == status


def test_bodies_that_are_held_at_once_are_bounded_in_all() -> None:
    inner: list[int] = []

    async def meeting(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if not inner:  # another comes while this one is here
            inner.append(0)
            inner[0] = await asyncio.to_thread(through, door, b"x" * MOST)
        await reader(scope, receive, send)

    door = Door(meeting, MOST, ALL, home=True)
    assert through(door, b"x" * MOST, b"") == 200
    assert inner == [413]
    assert through(door, b"x" * MOST, b"") == 200


def test_python_draws_through_gradios_client(served: Callable[[str], Path]) -> None:
    client = pytest.importorskip("gradio_client", reason="needs the extra app")
    from experiments.app.serve import served as serving

    session = Session(request_of(served("attends")))
    with listening("127.0.0.1", 0) as listener, serving(session, listener):
        page = client.Client(address_of(listener), verbose=False)
        (model,) = page.predict(api_name="/models")
        assert model["takes"] == ["caption"] and model["run"] == "aaaaaaaaaa"
        made = page.predict(model["name"], RED, 3, 2, api_name="/draw")
        drawing = session.draw(model["name"], wish(3, 2))
        for number, one in enumerate(made):
            name, content = session.file(drawing, number)
            assert (one["seed"], one["name"]) == (3 + number, name)
            assert base64.b64decode(one["data"]) == content
        with pytest.raises(Exception, match="is not here"):
            page.predict("/etc/passwd", RED, api_name="/draw")
        page.close()
    session.close()


def test_what_visitors_sent_is_forgotten(served: Callable[[str], Path]) -> None:
    """A page that is open all day would hold every recording that it was sent."""
    client = pytest.importorskip("gradio_client", reason="needs the extra app")
    from experiments.app.serve import served as serving

    state_holder = pytest.importorskip("gradio.state_holder")
    session, sent = Session(request_of(served("attends"))), "A" * 5_000
    with listening("127.0.0.1", 0) as listener, serving(session, listener):
        page = client.Client(address_of(listener), verbose=False)
        with pytest.raises(Exception, match="letters"):
            page.predict("attngan", sent, api_name="/draw")
        page.close()
        states = [one for one in gc.get_objects() if isinstance(one, state_holder.SessionState)]
    session.close()
    kept = [state.config_values for state in states]
    assert kept and not any(sent in str(values) for values in kept)


def wish(seed: int, count: int) -> Any:
    from experiments.app.wish import Wish

    return Wish(RED, seed=seed, count=count)


def test_ctrl_c_ends_it_within_seconds(attends: Path) -> None:
    """As a process of its own: one line with the address, and exit code 0."""
    pytest.importorskip("gradio", reason="needs the extra app")
    words = ["task=app", f"run={attends}", "app.port=0", "app.browser=false"]
    command = [sys.executable, str(Path(__file__).parents[2] / "run.py"), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), process.communicate(timeout=5)
        address = line.split()[0]
        host, port = address.removeprefix("http://").split(":")
        stream = socket.create_connection((host, int(port)))  # somebody still looks
        stream.sendall(f"GET /gradio_api/heartbeat/x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b"200" in stream.recv(100)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest, told = process.communicate(timeout=30)
        stream.close()
        assert time.monotonic() - began < 15 and process.returncode == 0
        assert rest == "" and told.splitlines()[-1] == "closed" and "Traceback" not in told
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)


def test_gradio_is_imported_without_writing_beside_itself() -> None:
    """Its stubs for editors are made anew at each import otherwise."""
    pytest.importorskip("gradio", reason="needs the extra app")
    script = (
        "from experiments.app.page.toolkit import import_gradio; import_gradio()\n"
        "import gradio, gradio.component_meta as meta, sys\n"
        "assert meta.create_or_modify_pyi.__module__ == 'experiments.app.page.toolkit'\n"
        "assert gradio.HTML('x').get_config()['value'] == 'x'\n"
        "assert not any('WithoutStubs' in type(one).__name__ for one in sys.meta_path)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
