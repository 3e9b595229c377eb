"""W&B's server that is not there, is ill, or does not take the key: said once, and then offline."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from experiments.terminal.error import UserError
from experiments.tracker import knock
from experiments.tracker.knock import FOUND, Answer, ask, foretell
from experiments.tracker.tracker import start

KEY = "0" * 40
WANDB = {"services": {"wandb": True}, "backend": None, "mode": "auto"}


class Server(ThreadingHTTPServer):
    """Answers a status to each question, and keeps whose it was."""

    status = 200
    asked: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/graphql":
            self.server.asked.append(self.headers.get("Authorization", ""))
        body = b'{"data": {"viewer": {"id": "1"}}, "errors": []}'
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(FOUND, "")  # and as it was afterwards
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server(("127.0.0.1", 0), Handler) as made:
        made.asked = []
        monkeypatch.setenv("WANDB_BASE_URL", made.url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def begin(folder: Path, mode: str = "auto") -> Any:
    return start("wandb", folder, "birds", "abc123", "a name", mode=mode)


def is_offline(folder: Path) -> bool:
    return any((folder / "wandb").glob("offline-run-*"))


def test_a_wrong_key_is_called_one_and_the_run_is_offline(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.status = 401
    for run in ("first", "second"):
        begin(tmp_path / run).finish()
        assert is_offline(tmp_path / run)
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "W&B" in line]
    assert line == (
        f"W&B: {server.url} does not take the key (401, wrong key): run `wandb login --relogin`, "
        "or mend WANDB_API_KEY where it is set; it logs offline"
    )
    assert len(server.asked) == 1 and server.asked[0].startswith("Basic YXBpOjAwMDAw")
    with pytest.raises(
        UserError, match=r"tracker.mode=online: .* \(401, wrong key\); run `wandb l"
    ):
        begin(tmp_path / "third", "online")
    assert not (tmp_path / "third").exists()


def test_another_key_is_asked_about_anew(server: Server) -> None:
    server.status = 401
    assert ask(server.url, KEY).refused
    server.status = 200
    assert ask(server.url, KEY).refused and ask(server.url, "1" * 40) == Answer()
    assert len(server.asked) == 2 and KEY not in os.environ[FOUND]


def test_an_answer_is_forgotten_in_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.status = 503
    assert ask(server.url, KEY) == Answer("it answers 503")
    server.status = 200
    about = json.loads(os.environ[FOUND])
    monkeypatch.setenv(FOUND, json.dumps(about | {"at": about["at"] - knock.HOLDS}))
    assert ask(server.url, KEY) == Answer()
    monkeypatch.setenv(FOUND, "[1, 2")  # somebody else's
    assert ask(server.url, KEY) == Answer()


def test_a_server_that_says_nothing_costs_its_patience_once(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert knock.PATIENCE < 10
    monkeypatch.setattr(knock, "PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("WANDB_BASE_URL", url)
        began = time.monotonic()
        foretell(WANDB)  # as a study does before its jobs
        assert 1 <= time.monotonic() - began < 3
        begin(tmp_path / "run").finish()
        code = f"from experiments.tracker.knock import ask; print(ask({url!r}, {KEY!r}).trouble)"
        job = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert job.stdout == "no answer in 1 s\n" and job.stderr == ""
    assert is_offline(tmp_path / "run")
    said = [line for line in capfd.readouterr().err.splitlines() if "W&B" in line]
    assert said == [f"W&B: {url} cannot be reached (no answer in 1 s), so it logs offline"]


def test_a_port_without_a_server_is_told_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert ask(f"http://127.0.0.1:{port}", KEY) == Answer("Connection refused")


def test_who_is_not_online_asks_nobody(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    foretell(WANDB | {"mode": "offline"})
    foretell(WANDB | {"services": {"tensorboard": True}})
    monkeypatch.delenv("WANDB_API_KEY")
    foretell(WANDB)
    assert server.asked == []
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    foretell(WANDB)
    assert len(server.asked) == 1
