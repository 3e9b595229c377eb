"""One process at a time, by the kernel or by a file. (Two descriptors stand for two processes.)"""

from __future__ import annotations

import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.file import lock
from experiments.file.lock import awaited, held, holder, locked
from experiments.terminal.interrupt import Stopped
from tests.surrounding import NO_LOCKS, hiding, starting

KILLED = "import os, sys; from pathlib import Path; from experiments.file.lock import held; {}"


@pytest.fixture(params=[None, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """A file system with locks, or the error of one without."""
    number: int | None = request.param
    if number is not None:
        fcntl = pytest.importorskip("fcntl")

        def no_locks(file: object, operation: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", no_locks)
        lock._tell.cache_clear()
    return number


def test_a_file_is_held_until_it_is_closed(
    tmp_path: Path, system: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / ".lock"
    first = held(path)
    assert first is not None
    first.note("process 7 on mars")
    assert held(path) is None
    assert holder(path).startswith("process 7 on mars")
    first.close()
    first.close()
    second = held(path)
    assert second is not None
    second.close()
    with locked(path):
        assert held(path) is None
    told = capsys.readouterr().err
    assert told.count("no file locks here") == (system is not None)
    assert [p.name for p in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize("hidden", [False, True])
def test_what_a_killed_process_held_is_free(tmp_path: Path, hidden: bool) -> None:
    """Also where Python has no fcntl at all, as on Windows."""
    code = starting(tmp_path, NO_LOCKS) if not hidden else hiding(tmp_path, ["fcntl"])
    path = tmp_path / ".lock"
    about = {"env": os.environ | {"PYTHONPATH": code}, "timeout": 60}
    hold = f"lock = held(Path({str(path)!r})); "
    killed = [sys.executable, "-c", KILLED.format(hold + "os._exit(9)")]
    assert subprocess.run(killed, **about, capture_output=True).returncode == 9
    assert path.with_name(".lock.held").exists()
    again = hold + "import time; time.sleep(0 if lock else 1.5); lock = lock or " + hold[7:]
    again = [sys.executable, "-c", KILLED.format(again + "sys.exit(lock is None)")]
    assert subprocess.run(again, **about, capture_output=True).returncode == 0


def test_one_that_another_machine_left_is_told(
    tmp_path: Path, system: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if system is None:
        return  # the kernel ends it with the machine
    path = tmp_path / ".lock"
    monkeypatch.setattr("socket.gethostname", lambda: "mars")
    other = held(path)
    assert other is not None
    monkeypatch.setattr("socket.gethostname", platform.node)
    assert held(path) is None
    assert holder(path) == f"another process (if it is gone, delete {path}.held)"
    other.close()


def test_waiting_is_told_once_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "PAUSE", 0.001)
    tries = iter([None, None, "mine"])
    assert awaited(lambda: next(tries), lambda: False, "waiting for it") == "mine"
    assert capsys.readouterr().err.count("waiting for it") == 1
    with pytest.raises(Stopped):
        awaited(lambda: None, lambda: True, "waiting for it")
