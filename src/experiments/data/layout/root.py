"""The folder that `data.root` names, and pictures below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, get_args

from experiments.data.images import path_inside
from experiments.data.layout.hub import SCHEME, Copy, copy_of, fetched
from experiments.data.source import on_hub
from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError

NEAR = 100  # folders that are tried where the one that was named is not it
LayoutName = Literal["auto", "attngan", "native"]


def require_layout(layout: str, *more: str) -> None:
    """Raise `UserError` for a layout that there is none of; `more`: others of a data set."""
    names = (*get_args(LayoutName), *more)
    if layout not in names:
        raise UserError(f"data.reader.layout: {layout!r} is none of {', '.join(names)}")


def data_folder(root: str | None, remedy: str) -> Path:
    """The folder `root`, or the copy of `hf://owner/name`, which is fetched when it is not there.

    Raises `UserError` where there is none, with `remedy`: what to fetch and where to put it.
    """
    if root is None:
        raise UserError(f"data.root: not set; {remedy}")
    folder = fetched(root, remedy) if root.startswith(SCHEME) else Path(root).expanduser()
    if not folder.is_dir():
        raise UserError(f"data.root: there is no folder {folder}; {remedy}")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UserError(f"data.root: {folder} cannot be read; change its rights")
    return folder


def data_file(root: str, remedy: str) -> Path:
    """The folder or file `root`. Raises `UserError` where there is none that can be read."""
    path = Path(root).expanduser()
    if path.is_file() and os.access(path, os.R_OK):
        return path.absolute()
    return data_folder(root, remedy).absolute()


def source_at(root: str | None, remedy: str, revision: str | None) -> Copy:
    """Where `owner/name` of the hub, or a folder or file, lies on this machine; fetched first where
    it is not there. Raises `UserError` also for a `revision` of what is not of the hub."""
    if root is None:
        raise UserError(f"data.root: not set; {remedy}")
    if on_hub(root):
        return copy_of(root, remedy, revision)
    place = data_file(root, remedy)
    if revision is not None:
        raise UserError(
            f"data.reader.revision={revision}: revisions are of the Hub, and {plain(root)} lies on "
            "this machine; leave it away"
        )
    return Copy(place, None)


def first_folder(bases: Iterable[Path], names: Iterable[str]) -> Path | None:
    """The first of the folders by these names that is there."""
    names = list(names)
    return next((base / name for base in bases for name in names if (base / name).is_dir()), None)


def meant(folder: Path, fits: Callable[[Path], bool]) -> str:
    """`; did you mean data.root=DIR?` where the folder above, or one in it, is what is looked for;
    else nothing."""
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir())[:NEAR]
        near = [*inner, folder.parent, folder.parent.parent]
        found = next((path for path in near if fits(path)), None)
    except OSError:
        return ""
    return "" if found is None else f"; did you mean data.root={plain(found)}?"


def holds(folder: Path, suffix: str, below: bool = False) -> bool:
    """Whether a file with this suffix lies in the folder, or else, with `below`, in one of its."""
    if not folder.is_dir():
        return False
    with os.scandir(folder) as entries:  # ends at the first; such folders hold thousands
        if any(entry.name.endswith(suffix) for entry in entries):
            return True
    return below and any(holds(inner, suffix) for inner in sorted(folder.iterdir()))


def there(folder: Path, most: int = 6) -> str:
    """What lies in a folder, for a message: `a/, b.txt and 12 more`; the folder above where it is
    not there."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return f"{plain(folder)} cannot be read"
    names = [plain(path.name) + ("/" if path.is_dir() else "") for path in found[:most]]
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"in {plain(folder)} there are {', '.join(names) or 'no files'}{more}"


def picture_below(root: Path, folders: Iterable[Path], image: str, follow: bool = False) -> Path:
    """The file `image`, relative to `root`, in one of the folders of pictures below the root.

    Such a folder may be a link to another disk; nothing else may lead out of it, unless `follow`.
    Raises `BadInput` as `path_inside`.
    """
    for folder in folders:
        if (root / image).is_relative_to(folder):
            return path_inside(folder, (root / image).relative_to(folder).as_posix(), follow)
    raise BadInput("path leaves the root")
