"""The room that text features take in the cache; nothing here loads torch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from experiments.file.lock import held
from experiments.file.use import in_use
from experiments.file.whole import discard, size_of
from experiments.terminal.line import amount, number_of, say

FEATURES = "captions-*"  # folders of text features, in those of data sets
GB = 10**9


def feature_folders(cache: Path) -> list[Path]:
    """All of the cache, those first that were not used for longest."""
    found = [
        path
        for path in cache.glob(f"*/*/{FEATURES}")
        if path.is_dir() and not path.is_symlink() and not path.name.endswith(".partial")
    ]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def lock_of(folder: Path) -> Path:
    """What is held while features are written, or removed."""
    return folder.with_name(f".{folder.name}.lock")


def drop_features(folder: Path) -> bool:
    """Remove features, unless a process uses or writes them. Raises `OSError`."""
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
            if drop_features(folder):
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
