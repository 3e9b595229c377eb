"""Tall JPEGs of VGAN (Vondrick 2016): frames of a clip from top to bottom, each a square.

frames/<any>/<name>.jpg     128 px wide, 128 n high
<list>.txt                  a path a line, relative to the root; video3: <path> <class id>
"""

from __future__ import annotations

from pathlib import Path

from experiments.data.layout.clips import UNLISTED, clips_below, lines_of
from experiments.data.layout.entry import Entry, stem_of
from experiments.data.layout.folder import hashed_share, is_picture
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.sounds import SoundLayout
from experiments.data.layout.unpack import safe_parts
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import UserError

FETCH = (
    "fetch the stabilised frames of a scene (Vondrick et al. 2016, "
    "www.cs.columbia.edu/~vondrick/tinyvideo) with the list of their paths, set data.root to the "
    "folder and data.reader.list to the list"
)


def find_layout(
    top: Path,
    follow_links: bool | None,
    named: str | None,
    tested: str | None,
    test_share: float,
) -> SoundLayout:
    """The clips of the list `named`, and of `tested` to test on; without the latter `test_share` of
    the folders, or of the clips where there is one folder alone, by the hash of their names. None:
    the only list that lies in the root. Raises `UserError` where there is none."""
    train = _list(top, named)
    rows: list[tuple[str, str, Split | None]] = [(*row, None) for row in _rows(train)]
    tables = [train]
    if tested is not None:
        test = _list(top, tested)
        rows = [(path, label, "train") for path, label, _ in rows]
        rows += [(path, label, "test") for path, label in _rows(test)]
        tables.append(test)
    units = {path: path.rpartition("/")[0] for path, _, _ in rows}
    if len(set(units.values())) < 2:
        units = {path: path for path in units}
    shared = hashed_share(units.values(), test_share)
    entries: list[Entry | Drop] = []
    for path, label, split in rows:
        if safe_parts(path) is None:
            entries.append(Drop(path, "path leaves the root"))
            continue
        part: Split = split or ("test" if units[path] in shared else "train")
        told = (label, label) if label else (None, "")
        entries.append(Entry(stem_of(path), top, path, [], part, *told))
    files = clips_below(top, follow_links, is_picture)
    counts = files.not_read
    counts[UNLISTED] = len(set(files.paths) - {path for path, _, _ in rows})
    there = set(files.paths)
    entries = [
        entry
        if isinstance(entry, Drop) or entry.image in there
        else Drop(entry.key, "file is missing")
        for entry in entries
    ]
    return SoundLayout(root=top, entries=entries, tables=tuple(tables), not_read=dict(+counts))


def _list(top: Path, name: str | None) -> Path:
    if name is not None:
        path = top / Path(name).expanduser()
        if not path.is_file():
            raise UserError(f"data.reader.list: there is no file {plain(path)}; {FETCH}")
        return path
    lists = sorted(path for path in top.glob("*.txt") if path.is_file())
    if len(lists) != 1:
        what = "no list" if not lists else f"{len(lists)} lists"
        raise UserError(
            f"data.reader.list: {what} (*.txt) in {plain(top)}; name the one whose clips are meant"
        )
    return lists[0]


def _rows(path: Path) -> list[tuple[str, str]]:
    """Paths, each with the number of its class, or nothing."""
    found = []
    for number, line in lines_of(path):
        inner, _, label = line.strip().rpartition(" ")
        if not (inner and label.isdigit() and is_picture(inner)):
            inner, label = line.strip(), ""
        if not is_picture(inner):
            raise UserError(
                f"{plain(path)}:{number}: neither the path of a picture nor one with a class; "
                "name the list of VGAN's tall JPEGs with data.reader.list"
            )
        found.append((inner.removeprefix("./"), label))
    if not found:
        raise UserError(f"{plain(path)}: is empty; name another list with data.reader.list")
    return found
