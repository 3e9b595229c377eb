"""The room that text features and recordings take in the cache; nothing here loads torch.

Text features are bounded, as each encoder that is trained makes others, in minutes. Recordings are
not: all runs of a data set that hear share them, and they may take hours to make. They go by
`task=clean` alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from experiments.file.lock import held
from experiments.file.use import in_use
from experiments.file.whole import discard, size_of
from experiments.terminal.line import amount, number_of, say

FEATURES = "captions-*"  # folders of text features, in those of data sets
RECORDINGS = "speech-*"  # and of recordings, as frames
PARTS = ".parts"  # ends the name of one that is being made, or was when that was stopped
GB = 10**9


def feature_folders(cache: Path) -> list[Path]:
    """All of the cache, those first that were not used for longest."""
    return _folders(cache, FEATURES)


def recording_folders(cache: Path) -> list[Path]:
    """All of the cache, those first that were not used for longest, and what is half made."""
    return _folders(cache, RECORDINGS)


def _folders(cache: Path, name: str) -> list[Path]:
    found = [
        path
        for path in cache.glob(f"*/*/{name}")
        if path.is_dir() and not path.is_symlink() and not path.name.endswith(".partial")
    ]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def lock_of(folder: Path) -> Path:
    """What is held while features, or recordings, are written or removed."""
    return folder.with_name(f".{folder.name.removesuffix(PARTS)}.lock")


def drop_folder(folder: Path) -> bool:
    """Remove features or recordings, unless a process uses or writes them. Raises `OSError`."""
    lock = held(lock_of(folder))
    if lock is None:
        return False
    with contextlib.closing(lock):
        if in_use(folder):
            return False
        discard(folder)
    return True


def keep_within(cache: Path, most: float | None) -> None:
    """Remove features that were not used for longest until all take at most so many GB; said in
    one line. None: no bound. What a process uses stays."""
    if most is None:
        return
    sizes = {folder: size_of(folder) for folder in _there(cache)}
    total, gone = sum(sizes.values()), [0, 0]
    for folder, size in sizes.items():
        if total <= most * GB:
            break
        with contextlib.suppress(OSError):  # a cache that others own
            if drop_folder(folder):
                total, gone = total - size, [gone[0] + 1, gone[1] + size]
    if gone[0]:
        say(
            f"text features: {number_of(gone[0], 'folder')} not used for longest removed "
            f"({amount(gone[1])}); paths.features={most:g} GB is the bound"
        )
    if total > most * GB:
        say(
            f"text features take {amount(total)} in {cache}, more than paths.features={most:g} GB, "
            "and all of them are in use"
        )


def _there(cache: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):  # another process removes some as well
        yield from feature_folders(cache)
