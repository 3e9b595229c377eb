"""Whatever interrupts a writer: under its name a file or a folder is the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from experiments.file.whole import aside, atomic, write_text


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write_text(tmp_path / "made" / "a.txt", "old")
    with pytest.raises(OSError, match="full"), aside(path) as partial:
        partial.write_text("ne")
        raise OSError("full")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_two_processes_write_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    with aside(path) as first:
        first.write_text("first")
        monkeypatch.setattr(os, "getpid", lambda: 1)
        write_text(path, "second")
    assert path.read_text() == "first"


def test_who_is_alone_replaces_folders_and_what_a_kill_left(tmp_path: Path) -> None:
    path, torn = tmp_path / "store", tmp_path / "store.partial"
    for folder in (path, torn):
        folder.mkdir()
        (folder / "old").touch()
    with atomic(path) as partial:
        assert partial == torn
        partial.mkdir()
        (partial / "new").touch()
    assert [file.name for file in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_somebody_else_made_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with pytest.raises(OSError), aside(path) as partial:
        partial.mkdir()
        path.mkdir()
        (path / "theirs").touch()
    assert [file.name for file in path.iterdir()] == ["theirs"]
    assert list(tmp_path.iterdir()) == [path]
