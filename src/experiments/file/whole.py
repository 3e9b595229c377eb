"""Files and folders that appear under their name only when they are whole."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def aside(path: Path, alone: bool = False, synced: bool = False) -> Iterator[Path]:
    """A path to write a file or a folder to, which takes the name `path` at the end.

    The folder around it is made. Two processes may write the same path at once; what a kill leaves
    in a run folder is removed by `run.folder.sweep`. `alone`: the caller keeps others away, so the
    next writer removes what a kill left, and an older folder makes room. `synced`: a power failure
    does not lose it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    owned = f"{path.name}.partial" if alone else f".{path.name}.{os.getpid()}.partial"
    partial = path.with_name(owned)
    remove(partial)
    try:
        yield partial
        if synced:
            for part in [partial, *partial.rglob("*")]:
                _sync(part)
        if alone and path.is_dir():
            shutil.rmtree(path)
        partial.replace(path)
        if synced:
            _sync(path.parent)
    finally:
        remove(partial)


def atomic(path: Path) -> AbstractContextManager[Path]:
    """`aside` for whoever holds a lock and must not lose what it writes."""
    return aside(path, alone=True, synced=True)


@contextmanager
def as_a_new_file(path: Path) -> Iterator[None]:
    """Whatever writes `path` in here, others may read it as they may read any new file: the umask
    decides, and not a library that makes files of its own for the owner alone."""
    path.open("wb").close()
    mode = path.stat().st_mode
    yield
    with suppress(OSError):  # a disk that knows no modes
        path.chmod(stat.S_IMODE(mode))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def write_text(path: Path, text: str) -> Path:
    """Whole or not at all, also where two processes write the same file. Returns the path."""
    with aside(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def remove(path: Path) -> None:
    """A file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Remove a file or a folder that others may look for: it is never found with a part missing."""
    away = path.with_name(f".{path.name}.{os.getpid()}.partial")
    path.replace(away)
    remove(away)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    found = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(FileNotFoundError):  # somebody else removes it
                found += (Path(folder) / name).lstat().st_size
    return found


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
