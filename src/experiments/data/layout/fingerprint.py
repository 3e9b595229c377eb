"""What identifies the files of a data set: their names and contents, not when or where they lie.

Contents are read once for each state of the files: `data/store/fingerprint.py` remembers them by
name, size and time. Until there was that, these alone identified the data of a run; `by_time` still
gives what such runs recorded.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from experiments.data.layout.walk import found_below
from experiments.machine.core import cores

UNSEEN = ("outside", "unreadable")  # contents that nobody looked at
TOGETHER = 256  # files that are handed to threads at a time: whoever leaves waits for no more


class File(NamedTuple):
    """`name`: as fingerprints know it, the same wherever the tree lies. `top`: what a link may not
    lead out of. `own`: of the file, or of the link in its place. `status`: of what it leads to;
    None where that is nothing."""

    name: str
    path: Path
    top: Path
    own: os.stat_result
    status: os.stat_result | None


@dataclass(frozen=True)
class Listing:
    """The files of a data set, each looked at once. `settings`: what else its content depends on.
    `follow`: whether links may lead anywhere. `not_read`: how many things below the root were met
    and left, by kind."""

    settings: bytes
    files: list[File]
    follow: bool = False
    not_read: dict[str, int] = field(default_factory=dict)

    def by_time(self) -> str:
        """16 digits of name, size and time of every file: a copy of the same files differs."""
        digest = hashlib.sha256(self.settings)
        for name, _, _, own, _ in self.files:
            _take(digest, f"{name} {own.st_size} {own.st_mtime_ns}\n")
        return digest.hexdigest()[:16]

    def state(self) -> str:
        """32 digits that differ where any file may have another content: the times of what links
        lead to count, and when a file was last given another name or time."""
        digest = hashlib.sha256(self.settings)
        _take(digest, f"follow={self.follow}\n")  # the same files may have no content without
        for name, _, _, own, status in self.files:
            of = status or own
            place = f"{of.st_size} {of.st_mtime_ns} {of.st_ctime_ns} {status is None}"
            _take(digest, f"{name} {place}\n")
        return digest.hexdigest()[:32]

    def contents(self, done: Callable[[int], None] = lambda count: None) -> dict[str, str]:
        """A hash of the content of each file by its name, or why there is none. `done` is told how
        many more have been read."""
        found: dict[str, str] = {}
        with ThreadPoolExecutor(cores()) as pool:
            for start in range(0, len(self.files), TOGETHER):
                part = self.files[start : start + TOGETHER]
                hashes = pool.map(lambda file: _content(file, self.follow), part)
                found |= {file.name: content for file, content in zip(part, hashes, strict=True)}
                done(len(part))
        return found

    def links(self) -> bool:
        """Whether any of the files is a link."""
        return any(stat.S_ISLNK(file.own.st_mode) for file in self.files)

    def by_contents(self, contents: dict[str, str]) -> str:
        """16 digits of the name and content of every file."""
        digest = hashlib.sha256(self.settings)
        for file in self.files:
            _take(digest, f"{file.name} {contents[file.name]}\n")
        return digest.hexdigest()[:16]


def all_seen(contents: Mapping[str, str]) -> bool:
    """Whether every file was looked at: what is known of the others may be otherwise at once."""
    return not any(content.startswith(UNSEEN) for content in contents.values())


def listed(places: Iterable[Path | None], follow: bool = False) -> list[File]:
    """The files at or below some paths, in a fixed order; None where a copy has no such part. The
    path itself is no part of a file's name, so a tree can be moved."""
    return list(_listed(places, follow))


def _listed(places: Iterable[Path | None], follow: bool) -> Iterator[File]:
    for number, place in enumerate(places):
        if place is None:
            continue
        if place.is_dir():
            for name in found_below(place, follow).files:
                yield file_at(place, name, f"{number} {name}")
        else:
            status = _status(place)
            if status is not None and stat.S_ISREG(status.st_mode):
                yield File(f"{number} {place.name}", place, place.parent, status, status)


def file_at(top: Path, inner: str, name: str) -> File:
    """A file that is there, below `top`; looked at once, or twice where it is a link."""
    path = top / inner
    own = path.lstat()
    return File(name, path, top, own, _status(path) if stat.S_ISLNK(own.st_mode) else own)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _content(file: File, follow: bool) -> str:
    status = file.status
    if status is None:
        return "nothing"
    if not stat.S_ISREG(status.st_mode):  # a pipe would keep whoever opens it waiting
        return "no file"
    if stat.S_ISLNK(file.own.st_mode) and not follow and not _inside(file):
        return _unseen("outside", file)  # no reader opens it either
    try:
        with file.path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return _unseen("unreadable", file)


def _unseen(kind: str, file: File) -> str:
    """In place of a content: those of files in two places may be anything, and count as two."""
    place = hashlib.sha256(os.fsencode(os.path.realpath(file.path)))
    return f"{kind} {place.hexdigest()[:16]}"


def _inside(file: File) -> bool:
    return Path(os.path.realpath(file.path)).is_relative_to(os.path.realpath(file.top))


def _take(digest: hashlib._Hash, line: str) -> None:
    digest.update(os.fsencode(line))  # a name need not be UTF-8
