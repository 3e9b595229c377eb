"""Which data a reader has now, remembered so that their files are read once for each state of them.

    <cache>/<name>/known/<state>.json            the fingerprint of the contents
                         <data set>.files.gz     a hash of each file, to name what differs

A state is names, sizes and times of the files. One that is not known (a copy staged anew, a touched
file) costs one look at all contents, whose fingerprint is then the same where they are the same.
Nothing is remembered where a file cannot be looked at.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from experiments.data.layout.fingerprint import Listing, all_seen
from experiments.data.record import Reader
from experiments.data.store.arrays import load_arrays
from experiments.data.store.picture import progress_bar
from experiments.data.text.words import Tokeniser, tokeniser_of
from experiments.file.bounded import read_bounded
from experiments.file.lock import locked
from experiments.file.name import plain
from experiments.file.parse import parse_json
from experiments.file.whole import aside, write_json
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

KNOWN, CONTENTS = "known", "contents"
MOST = 1000  # states that are remembered, of 60 bytes each: a job that stages its data makes one
LARGEST = 1000  # bytes of one
LISTS, FILES = 20, 500_000  # lists of files that are kept, and the most files of one
FACTS = "facts.json"  # of a folder of prepared data, written last
FORMAT = 2  # of the folder of a data set; raising it leaves older folders unused


class Fingerprint(NamedTuple):
    """`now`: of the contents. `by_time`: what runs of before recorded of the same files; empty
    where there are no files, or where links are followed, which none of them did. `listing`: these
    files, if there are any. All are of a data set as it is prepared, whose folder they name."""

    now: str
    by_time: str = ""
    listing: Listing | None = None


def data_set(name: str, fingerprint: str, more: str = "") -> str:
    """16 digits of a data set as it is prepared: of the fingerprint of its reader and, where it is
    not as usual, of how it is read."""
    identity = f"{FORMAT}\n{name}\n{fingerprint}{more}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def read_as(reader: Reader, limit: int | None = None, tokeniser: Tokeniser | None = None) -> str:
    """What a fingerprint says of a data set that is not read whole, or whose captions are not cut
    into words as those of its kind usually are. `tokeniser`: by default as the reader says."""
    tokeniser = tokeniser or tokeniser_of(reader)
    words = "" if tokeniser == tokeniser_of(type(reader)) else f"\n{tokeniser}"
    return words + ("" if limit is None else f"\nlimit={limit}")


def fingerprint_of(reader: Reader, cache: Path, quiet: bool = False, more: str = "") -> Fingerprint:
    """Look at the data of a reader. Raises `UserError` where they are missing. `quiet`: without a
    bar, where contents have to be read. `more`: of `read_as`."""
    files = getattr(reader, "files", None)  # the protocol leaves it open
    if files is None:
        reader.check()
        return Fingerprint(data_set(reader.name, reader.fingerprint(), more))
    listing: Listing = files()
    folder = Path(cache) / reader.name / KNOWN
    memory = folder / f"{listing.state()}.json"
    found = _remembered(memory)
    if found is None:
        with _alone(folder):
            found = _remembered(memory) or _read(reader.name, listing, memory, quiet)
    followed = listing.follow and listing.links()  # as no run of before did
    by_time = "" if followed else data_set(reader.name, listing.by_time())
    return Fingerprint(data_set(reader.name, found, more), by_time, listing)


def difference(cache: Path, name: str, before: str, now: str) -> str:
    """Which files differ between two data sets, in a few words; empty where that is not known, or
    where they have less than half of their files in common."""
    old, new = (_list(Path(cache) / name / KNOWN / f"{which}.files.gz") for which in (before, now))
    kinds = {
        "added": [path for path in new if path not in old],
        "gone": [path for path in old if path not in new],
        "changed": [path for path in new if path in old and new[path] != old[path]],
    }
    if not old or sum(map(len, kinds.values())) > max(len(old), len(new)) / 2:
        return ""
    told = [f"{len(paths):,} {kind} ({plain(paths[0])})" for kind, paths in kinds.items() if paths]
    return f"files: {', '.join(told)}" if told else ""


def adopt(old: Path, new: Path, tokeniser: Tokeniser) -> None:
    """What was prepared of the same files when times identified them, unless their captions would
    be read otherwise now. A link stays in its place, for runs that know it by that name."""
    if old.is_symlink() or not (old / FACTS).exists():
        return
    if tokeniser != "ascii":
        arrays = sorted(old.glob("arrays-*.npz"))
        try:
            plain = bool(arrays) and load_arrays(arrays[0])["captions"].max(initial=0) < 128
        except UserError:
            return
        if not plain:
            return
    with contextlib.suppress(OSError):  # another process was first, or it is not ours to move
        old.rename(new)
        old.symlink_to(new.name)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process reads, the others of its job wait. Where nothing can be written, each reads."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(locked(folder / ".lock"))
        yield


def _read(name: str, listing: Listing, memory: Path, quiet: bool) -> str:
    title = f"{name}: contents of {number_of(len(listing.files), 'file')}"
    with progress_bar(len(listing.files), title, "files", quiet) as bar:
        contents = listing.contents(bar.add)
    found = listing.by_contents(contents)
    with contextlib.suppress(OSError):  # a cache that others own: the next start reads again
        if all_seen(contents):
            write_json(memory, {CONTENTS: found})
            _newest(memory.parent, "*.json", MOST)
        if 0 < len(listing.files) <= FILES:
            top = os.path.commonpath({file.top for file in listing.files})
            paths = {os.path.relpath(file.path, top): contents[file.name] for file in listing.files}
            with aside(memory.with_name(f"{data_set(name, found)}.files.gz")) as partial:
                partial.write_bytes(gzip.compress(json.dumps(paths).encode(), 1))
            _newest(memory.parent, "*.files.gz", LISTS)
    return found


def _newest(folder: Path, pattern: str, most: int) -> None:
    """Leave only the newest files of a kind."""
    for old in sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)[:-most]:
        old.unlink(missing_ok=True)


def _list(path: Path) -> dict[str, str]:
    """Files and their hashes; empty where they are not kept, or damaged."""
    try:
        with gzip.open(path) as file:
            found = json.loads(file.read(FILES * 1000))
    except (OSError, ValueError, EOFError):
        return {}
    return found if isinstance(found, dict) else {}


def _remembered(memory: Path) -> str | None:
    """What was found for a state; None where it was never seen, or what is there is damaged."""
    try:
        content = parse_json(read_bounded(memory, LARGEST))
        found = content.get(CONTENTS)
    except (OSError, ValueError, AttributeError, UserError):
        return None
    return found if isinstance(found, str) and len(found) == 16 else None
