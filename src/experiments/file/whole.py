"""Files and folders that appear under their name only when they are whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A path to write a file or a folder to; it is synced and renamed to `path` at the end."""
    partial = path.with_name(path.name + ".partial")
    _remove(partial)
    try:
        yield partial
        for file in [partial, *partial.rglob("*")]:
            _sync(file)
        if path.is_dir():
            shutil.rmtree(path)
        partial.replace(path)
        _sync(path.parent)
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def write_text(path: Path, text: str) -> Path:
    """Whole or not at all, also where two processes write the same file. Returns the path."""
    with aside(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the name `path` at the end; the folder is made. Two processes
    may write the same file at once. What a kill leaves is removed by `sweep`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
