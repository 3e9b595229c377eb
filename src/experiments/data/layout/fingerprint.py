"""What identifies the files of a data set, without reading what is in them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def content_hash(settings: bytes, places: Iterable[Path | None]) -> str:
    """16 hexadecimal digits of the settings and of name, size and time of every file.

    `places`: files, folders with all that is below them, or None where a copy has no such part.
    The place itself is no part of it, so a tree can be moved.
    """
    digest = hashlib.sha256(settings)
    for number, place in enumerate(places):
        for name, status in _files(place):
            line = f"{number} {name} {status.st_size} {status.st_mtime_ns}\n"
            digest.update(os.fsencode(line))  # a name need not be UTF-8
    return digest.hexdigest()[:16]


def _files(place: Path | None) -> Iterator[tuple[str, os.stat_result]]:
    """The files at or under a path, in a fixed order."""
    if place is None:
        return
    if place.is_file():
        yield place.name, place.stat()
    for folder, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            yield path.relative_to(place).as_posix(), path.lstat()
