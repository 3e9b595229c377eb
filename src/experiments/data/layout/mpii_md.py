"""MPII-MD (Rohrbach 2015): clips of films, with what a describer says of them to the blind.

annotations-someone.csv         <clip> TAB <sentence>, names of people replaced by SOMEONE; also in
                                annotations/; annotations-original.csv has the names
dataSplit.txt                   <film> TAB training, validation or test
<any>/<film>/<clip>.avi         a clip
jpgAllFrames/<film>/<clip>/<n>.jpg   or all of its frames

A clip is <film>_<hh.mm.ss.mmm>-<hh.mm.ss.mmm>, a film <number>_<Name>.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from experiments.data.layout.clips import clips_below, first_file, lines_of, no_clips
from experiments.data.layout.entry import Entry
from experiments.data.layout.folder import hashed_share, is_picture
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.sounds import SoundLayout
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import UserError, suggest

TABLES = ("annotations-someone.csv", "annotations-original.csv", "annotations.csv")
SPLITS = "dataSplit.txt"
FRAMES = "jpgAllFrames"
CLIP = re.compile(r"(?P<film>.+)_(?P<start>\d\d(?:\.\d+){3})-(?P<end>\d\d(?:\.\d+){3})")
OTHER_FILMS = "clips of films that were not asked for"
NO_CLIP = "sentences whose clip is not there"
NO_SENTENCE = "clips without a sentence"
FETCH = (
    f"ask for MPII-MD (Rohrbach et al. 2015, www.mpi-inf.mpg.de), put {TABLES[0]} and {SPLITS} "
    f"into a folder with its clips, as avi/<film>/<clip>.avi or {FRAMES}/<film>/<clip>/, and set "
    "data.root to it"
)


def find_layout(
    top: Path, follow_links: bool | None, films: Sequence[str] | None, test_share: float
) -> SoundLayout:
    """Clips of these films, or of all, each with its sentences. The split is that of the films;
    where that leaves none to train on or none to test on, `test_share` of the clips are the test.

    Raises `UserError` where a part is missing, and for a film that is not there.
    """
    folders = [top, top / "annotations"]
    table = first_file(folders, TABLES)
    if table is None:
        raise UserError(f"data.root: no {TABLES[0]} in {plain(top)}; {FETCH}")
    files = clips_below(top, follow_links)
    counts, where = files.not_read, files.by_name()
    if not where:
        where, counts = _frames(top, follow_links)
    if not where:
        raise no_clips(top, FETCH)
    said, drops = _sentences(table)
    wanted = None if films is None else _wanted(films, {film_of(name) for name in said})
    tables, splits = [table], dict[str, Split]()
    if listed := first_file(folders, [SPLITS]):
        tables.append(listed)
        splits = _splits(listed)
    names = [name for name in where if name in said]
    counts[NO_SENTENCE] = len(where) - len(names)
    kept = [name for name in names if wanted is None or film_of(name) in wanted]
    counts[OTHER_FILMS] = len(names) - len(kept)
    asked = (name for name in said if wanted is None or film_of(name) in wanted)
    counts[NO_CLIP] = sum(name not in where for name in asked)
    told = {splits.get(film_of(name)) for name in kept}
    tested = hashed_share(kept, test_share) if {"train", "test"} - told else None
    entries: list[Entry | Drop] = [*drops]
    for name in kept:
        split = splits.get(film_of(name))
        if tested is not None:
            split = "test" if name in tested else "train"
        if split is None:
            entries.append(Drop(name, "its film is in no split"))
            continue
        film = film_of(name)
        entries.append(Entry(name, top, where[name], said[name], split, pose=film))
    return SoundLayout(root=top, entries=entries, tables=tuple(tables), not_read=dict(+counts))


def film_of(clip: str) -> str:
    """`0001_American_Beauty` of `0001_American_Beauty_00.00.51.926-00.00.54.129`."""
    match = CLIP.fullmatch(clip)
    return match["film"] if match else clip.rpartition("_")[0]


def seconds_of(clip: str) -> float | None:
    """How long a clip is, as its name says."""
    match = CLIP.fullmatch(clip)
    if match is None:
        return None
    ends = []
    for part in (match["start"], match["end"]):
        hours, minutes, seconds, fraction = part.split(".")
        ends.append(int(hours) * 3600 + int(minutes) * 60 + float(f"{seconds}.{fraction}"))
    return ends[1] - ends[0] if ends[1] > ends[0] else None


def _frames(top: Path, follow_links: bool | None) -> tuple[dict[str, str], Counter[str]]:
    """The first frame of each folder of frames, by the name of the folder."""
    files = clips_below(top, follow_links, is_picture)
    found: dict[str, str] = {}
    for path in files.paths:
        found.setdefault(PurePosixPath(path).parent.name, path)
    return found, files.not_read


def _sentences(table: Path) -> tuple[dict[str, list[str]], list[Drop]]:
    """By clip; of LSMDC's six columns the last."""
    found, drops = dict[str, list[str]](), list[Drop]()
    for number, line in lines_of(table):
        parts = line.split("\t")
        if len(parts) < 2 or not parts[-1].strip():
            drops.append(Drop(f"{table.name}:{number}", "not <clip> TAB <sentence>"))
        else:
            found.setdefault(parts[0].strip(), []).append(parts[-1].strip())
    if not found:
        raise UserError(f"{plain(table)}: no line <clip> TAB <sentence> in it; fetch it again")
    return found, drops


def _splits(path: Path) -> dict[str, Split]:
    """By film; films to validate on are trained on."""
    found: dict[str, Split] = {}
    for _, line in lines_of(path):
        film, _, word = line.strip().partition("\t")
        found[film.strip()] = "test" if word.strip().lower().startswith("test") else "train"
    return found


def _wanted(films: Sequence[str], known: set[str]) -> set[str]:
    """The films as they are called there: with their number, or by their name alone."""
    by_name = {_plain(film): film for film in known}
    by_name |= {_plain(film.partition("_")[2]): film for film in known}
    wanted = set()
    for film in films:
        found = by_name.get(_plain(str(film)))
        if found is None:
            raise UserError(
                f"data.reader.films: there is no film {plain(str(film))}"
                f"{suggest(str(film), sorted(known))}"
            )
        wanted.add(found)
    return wanted


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()
