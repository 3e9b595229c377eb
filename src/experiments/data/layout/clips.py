"""Clips in files: what lies in a folder of them, and what published sets have alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from experiments.clip.decode import CLIPS, is_clip
from experiments.data.layout.folder import hidden
from experiments.data.layout.walk import OTHER_FILES, found_below, require_followed
from experiments.file.bounded import read_bounded
from experiments.file.name import plain
from experiments.terminal.error import UserError

UNLISTED = "clips that no list names"
MAX_BYTES = 1_000_000_000  # of a list
MAX_LINE = 100_000  # letters


@dataclass(frozen=True)
class ClipFiles:
    """Below a folder: paths relative to it, sorted. `not_read`: how many other things, by kind."""

    paths: list[str]
    not_read: Counter[str]

    def by_name(self) -> dict[str, str]:
        """Paths by the name of the file without suffix; of two the first."""
        found: dict[str, str] = {}
        for path in self.paths:
            found.setdefault(
                PurePosixPath(path).name.removesuffix(PurePosixPath(path).suffix), path
            )
        return found


def clips_below(
    folder: Path, follow_links: bool | None, wanted: Callable[[str], bool] = is_clip
) -> ClipFiles:
    """Its clips. Raises `UserError` for a folder that cannot be read, and for folders that are
    links which nobody said how to take."""
    found = found_below(folder, bool(follow_links), hidden)
    require_followed(folder, found, follow_links)
    paths = sorted(filter(wanted, found.files))
    counts = Counter(found.not_read)
    counts[OTHER_FILES] += len(found.files) - len(paths)
    return ClipFiles(paths, +counts)


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a list that are not empty, with their numbers. Raises `UserError` for a file
    that cannot be read."""
    text = read_bounded(path, MAX_BYTES).removeprefix(b"\xef\xbb\xbf")
    for number, line in enumerate(text.split(b"\n"), 1):
        if line.strip():
            yield number, line.decode("utf-8", "surrogateescape")[:MAX_LINE].rstrip("\r")


def first_file(folders: Iterable[Path], names: Iterable[str]) -> Path | None:
    """The first of the files by these names that is in one of the folders."""
    names = list(names)
    return next(
        (base / name for base in folders for name in names if (base / name).is_file()), None
    )


def no_clips(top: Path, remedy: str) -> UserError:
    """That a folder has none."""
    kinds = ", ".join(suffix[1:] for suffix in CLIPS)
    return UserError(f"data.root: no clip ({kinds}) in {plain(top)}; {remedy}")
