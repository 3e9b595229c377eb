"""What lies below a folder, links included: each file once, and nothing left out without a count.

Links to folders inside the root are followed. One that leads out of it is followed only where the
owner of the data says so (`data.follow_links=true`): a tree of others could lead anywhere. A folder
that is reached both by itself and by a link is read by the link, which somebody made on purpose, so
that no picture is there twice; a link to what it lies in is not followed, which would have no end.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from experiments.data.images import FOLLOW
from experiments.file.name import plain
from experiments.terminal.error import UserError

OUTSIDE = "links out of the root"
LOST = "links to nowhere"
BACK = "links back to a folder around them"
TWICE = "folders that links lead to"  # which are read by one of these links
OTHER_FILES = "other files"
ALIKE = "names that differ in case alone"
UNTOLD = (TWICE, OTHER_FILES)  # counted in the report, and nobody's surprise


@dataclass
class Found:
    """`files`: paths relative to the root, each folder's own before those of its folders, sorted by
    name; `folders`: the same. `links`: folders that are links and were not followed, by the reason.
    `counts`: what else was not read."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    links: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def not_read(self) -> dict[str, int]:
        """How many there are of each kind of thing that was not read."""
        links = {kind: len(paths) for kind, paths in self.links.items()}
        return {**links, **self.counts}


@dataclass(frozen=True)
class _Folder:
    inner: PurePosixPath  # relative to the root
    real: Path
    by_link: bool


def found_below(
    root: Path, follow: bool, skipped: Callable[[os.DirEntry[str]], str] = lambda entry: ""
) -> Found:
    """The files below `root`. `skipped`: the kind of an entry that is not to be read, or nothing.

    Raises `UserError` for a folder that cannot be read.
    """
    found, top = Found(), root.resolve()
    files: dict[tuple[Path, bool], list[str]] = {}
    seen: dict[bool, set[Path]] = {True: set(), False: set()}
    stack = [_Folder(PurePosixPath(), top, False)]
    while stack:
        here = stack.pop()
        if here.real in seen[here.by_link]:
            found.counts[TWICE] += 1
            continue
        seen[here.by_link].add(here.real)
        own, folders = files.setdefault((here.real, here.by_link), []), list[_Folder]()
        for entry in _listed(root / here.inner):
            kind = skipped(entry)
            if kind:
                found.counts[kind] += 1
            elif entry.is_dir(follow_symlinks=False):
                folders.append(
                    _Folder(here.inner / entry.name, here.real / entry.name, here.by_link)
                )
            elif entry.is_symlink() and _meant_for_folder(entry):
                inner, target = here.inner / entry.name, Path(os.path.realpath(entry.path))
                refused = _refused(target, here.real, top, follow)
                if refused:
                    found.links.setdefault(refused, []).append(inner.as_posix())
                else:
                    folders.append(_Folder(inner, target, True))
            else:
                own.append((here.inner / entry.name).as_posix())
        found.folders += [folder.inner.as_posix() for folder in folders]
        stack += reversed(folders)
    for (real, by_link), own in files.items():
        if by_link or real not in seen[True]:
            found.files += own
        else:
            found.counts[TWICE] += 1
    return found


def require_followed(root: Path, found: Found, follow: bool | None) -> None:
    """Raise `UserError` for folders that are links and were not followed, unless the user says by
    `follow=False` that they are to be left out: what they hold may be a whole class or split."""
    if follow is False:
        return
    for kind, remedy in (
        (
            OUTSIDE,
            f"{FOLLOW} reads what they lead to, data.follow_links=false leaves them out",
        ),
        (LOST, "mount or restore it, or remove the link; data.follow_links=false leaves it out"),
    ):
        paths = found.links.get(kind, [])
        if paths:
            named = ", ".join(map(plain, paths[:3])) + (", ..." if len(paths) > 3 else "")
            raise UserError(
                f"data.root: {root} has {many(len(paths), kind)} where folders are expected "
                f"({named}); {remedy}"
            )


def told(counts: Mapping[str, int]) -> str:
    """What was met and not read, for the end of a line; empty where that surprises nobody."""
    left = [many(n, kind) for kind, n in counts.items() if kind not in (*UNTOLD, ALIKE)]
    line = f"; not read: {', '.join(left)}" if left else ""
    return line + (f"; {counts[ALIKE]:,} {ALIKE}" if counts.get(ALIKE) else "")


def many(count: int, kind: str) -> str:
    """2 links out of the root, 1 link out of the root."""
    if count == 1:
        kind = re.sub(r"\b(link|folder|picture|file)s\b", r"\1", kind, count=1)
    return f"{count:,} {kind}"


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(
            f"{plain(folder)}: cannot be read ({error.strerror}); change its rights"
        ) from None


def leads_to_folder(path: str) -> bool:
    """Whether it is a folder, or a link to one; not where nobody may look."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116  # a path in an entry of a walk
    except (OSError, ValueError):
        return False


def _meant_for_folder(entry: os.DirEntry[str]) -> bool:
    """Of a link; also where it leads nowhere and has no suffix: a disk that is not mounted."""
    if leads_to_folder(entry.path):
        return True
    return not PurePosixPath(entry.name).suffix and not os.path.exists(entry.path)  # noqa: PTH110


def _refused(target: Path, here: Path, top: Path, follow: bool) -> str:
    """Why a link in the folder `here` is not followed; empty where it is."""
    if not leads_to_folder(str(target)):
        return LOST
    if here.is_relative_to(target):
        return BACK
    return "" if follow or target.is_relative_to(top) else OUTSIDE
