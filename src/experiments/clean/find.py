"""What may go, and why: never the weights of a run, never what a process or another run uses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from experiments.data.store.room import (
    PARTS,
    drop_folder,
    feature_folders,
    lock_of,
    recording_folders,
)
from experiments.file.lock import held
from experiments.file.use import free, in_use
from experiments.file.whole import discard, remove, size_of
from experiments.machine.device import alive
from experiments.run import folder as files
from experiments.run.fresh import BEFORE, home_of
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

TORN = re.compile(r"\.(\d+)\.partial$")
DAY = 24 * 3600


@dataclass(frozen=True)
class Item:
    """A file or folder that may go. `remove` returns False where it is in use by then."""

    path: Path
    reason: str
    size: int
    remove: Callable[[], bool]


@dataclass(frozen=True)
class Places:
    """The runs of `paths.outputs`, and the cache. `own`: whether the cache lies inside, so that no
    other runs share it."""

    outputs: Path
    cache: Path
    days: int

    @property
    def own(self) -> bool:
        return self.cache.resolve().is_relative_to(self.outputs.resolve())

    def runs(self) -> list[Path]:
        return sorted(file.parent for file in self.outputs.glob(f"*/*/{files.RUN}"))


def places(config: Mapping[str, Any]) -> Places:
    """Where to look. Raises `UserError` where there is nothing to look at."""
    outputs, cache = Path(config["paths"]["outputs"]), Path(config["paths"]["cache"])
    if not outputs.is_dir():
        raise UserError(
            f"paths.outputs={outputs}: there is no such folder; name the one that your runs are in"
        )
    found = Places(outputs, cache, int(config["clean"]["days"]))
    if not found.runs() and not cache.is_dir() and not any(outputs.glob(f"*/{BEFORE}")):
        raise UserError(
            f"paths.outputs={outputs}: has neither runs nor a cache; name the folder that your "
            "runs are in"
        )
    return found


def items(where: Places) -> Iterator[Item]:
    """All that may go."""
    runs = where.runs()
    needed = cache(partial(_needed, where.outputs))
    for run in runs:
        if free(run / ".lock"):
            yield from _of_run(run, needed)
    yield from _moved_aside(where, needed)
    yield from _of_cache(where, runs)


def _needed(outputs: Path) -> list[Path]:
    """The files in which other runs have weights."""
    from experiments.run.reference import needed_files  # loads torch

    return list(needed_files(outputs))


def _of_run(run: Path, needed: Callable[[], list[Path]]) -> Iterator[Item]:
    for place in (run, *(run / name for name in files.WRITTEN)):
        for torn in place.glob("*.partial"):
            if _dead(torn):
                yield _item(torn, "half written by a process that died", run / ".lock")
    newest, *rest = files.by_images(run, "checkpoints") or [run]
    if newest == run or files.images_of(newest) != files.reached(run):
        return  # it goes on: the one before stands in for a newest that is damaged
    for old in rest:
        if old.resolve() in needed():
            continue
        remover = partial(_drop_earlier, old, newest, run / ".lock")
        yield Item(old, "an earlier checkpoint of a finished run", size_of(old), remover)


def _dead(torn: Path) -> bool:
    """Whether the process that was writing has ended, by its number if the name has it."""
    writer = TORN.search(torn.name)
    return writer is None or not alive(int(writer[1]))


def _moved_aside(where: Places, needed: Callable[[], list[Path]]) -> Iterator[Item]:
    for place in sorted(where.outputs.glob(f"*/{BEFORE}/*")):
        now = home_of(place)
        if not place.is_dir() or place.is_symlink() or not files.by_images(now, "weights"):
            continue
        if not any(file.is_relative_to(place.resolve()) for file in needed()):
            yield _item(
                place, "moved aside by fresh=true; the run has finished anew", now / ".lock"
            )


def _of_cache(where: Places, runs: list[Path]) -> Iterator[Item]:
    data, stores = _named(runs)
    gone: list[Path] = []
    for folder in sorted(where.cache.glob("*/")):
        yield from _torn(folder)
    for folder in sorted(where.cache.glob("*/*/")):
        half = folder.name.endswith(".partial")
        if half or folder.is_symlink() or not (folder / "report.json").is_file():
            continue
        yield from _torn(folder)
        aliases = {link.name for link in folder.parent.iterdir() if link.is_symlink()}
        aliases = {name for name in aliases if (folder.parent / name).resolve() == folder.resolve()}
        unnamed = data is not None and not data & {folder.name, *aliases}
        if unnamed and (where.own or _unused(folder, where.days)) and not in_use(folder):
            gone.append(folder)
            reason = "a prepared data set that no run names"
            yield Item(folder, reason, size_of(folder), partial(_drop_data, folder))
    for what, folders, of in (
        ("text features", feature_folders(where.cache), "of an encoder that no run uses"),
        ("recordings as frames", recording_folders(where.cache), "that no run hears"),
    ):
        for folder in folders:
            if folder.parent in gone or in_use(folder) or in_use(folder.parent):
                continue
            if not free(lock_of(folder)):
                continue
            half = folder.name.endswith(PARTS)
            if _unused(folder, where.days):
                made = "half made, " if half else ""
                reason = f"{what}, {made}not used for {number_of(where.days, 'day')}"
            elif half or not where.own or stores is None or folder.name in stores:
                continue
            else:
                reason = f"{what} {of}"
            yield Item(folder, reason, size_of(folder), partial(drop_folder, folder))


def _torn(folder: Path) -> Iterator[Item]:
    for torn in [*folder.glob("*.partial"), *folder.glob(".*.partial")]:
        stem = TORN.sub("", torn.name).removesuffix(".partial").removeprefix(".")
        locks = (folder / ".lock", folder / f".{stem}.lock")
        if _dead(torn) and all(map(free, locks)):
            yield _item(torn, "half written by a process that died", folder / ".lock")


def _named(runs: list[Path]) -> tuple[set[str] | None, set[str] | None]:
    """The data sets that runs name, and the stores; None where one of the runs cannot say."""
    data: set[str] | None = set()
    stores: set[str] | None = set()
    for run in runs:
        try:
            fingerprint, about = files.run_facts(run).get("data"), files.run_about(run)
        except UserError:  # damaged, or it has only begun
            return None, None
        if data is not None and fingerprint is not None:
            data.add(str(fingerprint))
        if "stores" not in about and "converted" not in about:  # of an older version
            stores = None
        if stores is not None:
            stores.update(about.get("stores") or ())
    return data, stores


def _unused(folder: Path, days: int) -> bool:
    return time.time() - folder.stat().st_mtime >= days * DAY


def _item(path: Path, reason: str, lock: Path) -> Item:
    return Item(path, reason, size_of(path), partial(_drop, path, lock))


def _drop(path: Path, lock: Path) -> bool:
    """Remove it, unless somebody holds the lock."""
    if not lock.exists():
        remove(path)
        return True
    file = held(lock)
    if file is None:
        return False
    try:
        remove(path)
    finally:
        file.close()
    return True


def _drop_earlier(old: Path, newest: Path, lock: Path) -> bool:
    """Remove a checkpoint, where the one that stays is whole."""
    from experiments.file.tensor import Damaged, check  # loads torch

    try:
        check(newest)
    except Damaged:
        return False
    return _drop(old, lock)


def _drop_data(folder: Path) -> bool:
    """Remove a prepared data set, unless a process uses it or what lies in it."""
    if in_use(folder) or not free(folder / ".lock"):
        return False
    if any(in_use(inner) for inner in folder.iterdir() if inner.is_dir()):
        return False
    discard(folder)
    for link in [path for path in folder.parent.iterdir() if path.is_symlink()]:
        if not link.exists():
            link.unlink()
    return True
