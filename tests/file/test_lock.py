"""One process at a time, which the kernel sees to. (Two descriptors stand for two processes.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.file import lock
from experiments.file.lock import awaited, held
from experiments.terminal.interrupt import Stopped


def test_a_file_is_held_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    first = held(path)
    assert first is not None
    assert held(path) is None
    first.close()
    second = held(path)
    assert second is not None
    second.close()


def test_waiting_is_told_once_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "PAUSE", 0.001)
    tries = iter([None, None, "mine"])
    assert awaited(lambda: next(tries), lambda: False, "waiting for it") == "mine"
    assert capsys.readouterr().err.count("waiting for it") == 1
    with pytest.raises(Stopped):
        awaited(lambda: None, lambda: True, "waiting for it")
