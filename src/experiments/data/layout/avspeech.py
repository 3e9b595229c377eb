"""AVSpeech (Ephrat 2018): a table of links, and the clips of it that somebody has.

avspeech_train.csv, avspeech_test.csv      no header: <video>,<start>,<end>,<x>,<y>
<any>/<video>_<start>_<end>.mp4            a clip, its times in seconds with any digits
<any>/<video>.mp4                          a whole video, of which each row is a part
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from experiments.data.layout.clips import UNLISTED, clips_below, lines_of, no_clips
from experiments.data.layout.entry import Entry
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.sounds import SoundLayout
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import UserError

TABLES: dict[str, Split] = {"avspeech_train.csv": "train", "avspeech_test.csv": "test"}
CUT = re.compile(r"(?P<video>.{11})_(?P<start>\d+(?:\.\d+)?)[_-](?P<end>\d+(?:\.\d+)?)")
NO_CLIP = "rows without a clip"
NEAR = 0.02  # seconds by which the times of a name may be rounded
FETCH = (
    "fetch avspeech_train.csv and avspeech_test.csv (Ephrat et al. 2018, "
    "looking-to-listen.github.io/avspeech), put them into a folder with the clips that you may "
    "have, <video>_<start>_<end>.mp4 or whole videos <video>.mp4, and set data.root to it"
)


@dataclass(frozen=True)
class Segment:
    """A row. start, end: seconds in the whole video. x, y: the middle of the face when it begins,
    parts of the width and the height."""

    video: str
    start: float
    end: float
    x: float
    y: float
    split: Split


@dataclass(frozen=True, kw_only=True)
class SpeechLayout(SoundLayout):
    """segments: of each entry by its key, and whether its file is the whole video."""

    segments: dict[str, tuple[Segment, bool]]


def find_layout(top: Path, follow_links: bool | None) -> SpeechLayout:
    """The rows whose clip is there. Raises `UserError` where there is no table, or no clip."""
    tables = [top / name for name in TABLES if (top / name).is_file()]
    if not tables:
        raise UserError(f"data.root: no {' or '.join(TABLES)} in {plain(top)}; {FETCH}")
    files = clips_below(top, follow_links)
    if not files.paths:
        raise no_clips(top, FETCH)
    whole, cut = dict[str, str](), defaultdict[str, list[tuple[float, float, str]]](list)
    for path in files.paths:
        stem = PurePosixPath(path).name.removesuffix(PurePosixPath(path).suffix)
        if match := CUT.fullmatch(stem):
            cut[match["video"]].append((float(match["start"]), float(match["end"]), path))
        else:
            whole.setdefault(stem, path)
    counts, used = files.not_read, set[str]()
    entries, segments = list[Entry | Drop](), dict[str, tuple[Segment, bool]]()
    for table in tables:
        for row in _rows(table, whole.keys() | cut.keys(), counts, entries):
            clip = _cut_of(cut[row.video], row) if row.video in cut else None
            is_whole = clip is None
            place = whole.get(row.video) if clip is None else clip
            if place is None:
                counts[NO_CLIP] += 1
                continue
            used.add(place)
            key = f"{row.video}_{row.start:.6f}_{row.end:.6f}"
            entries.append(Entry(key, top, place, [], row.split, row.video, row.video, sound=place))
            segments[key] = (row, is_whole)
    counts[UNLISTED] = len(set(files.paths) - used)
    return SpeechLayout(
        root=top,
        entries=entries,
        tables=tuple(tables),
        not_read=dict(+counts),
        segments=segments,
    )


def _cut_of(clips: list[tuple[float, float, str]], row: Segment) -> str | None:
    near = ((abs(start - row.start), path) for start, end, path in clips if _fits(start, end, row))
    return min(near, default=(0.0, None))[1]


def _fits(start: float, end: float, row: Segment) -> bool:
    """Whether times are those of the row, as exact as they are written; whole seconds are cut."""
    whole = start.is_integer() and end.is_integer()
    slack = 1.0 if whole else NEAR
    return abs(start - row.start) < slack and abs(end - row.end) < slack


def _rows(
    table: Path, wanted: set[str], counts: Counter[str], drops: list[Entry | Drop]
) -> list[Segment]:
    found, split = list[Segment](), TABLES[table.name]
    for number, line in lines_of(table):
        video = line.partition(",")[0].strip()
        if video not in wanted:
            counts[NO_CLIP] += 1
            continue
        try:
            row = next(csv.reader(io.StringIO(line)))
            start, end, x, y = (float(value) for value in row[1:5])
            good = 0 <= start < end and 0 <= x <= 1 and 0 <= y <= 1 and math.isfinite(end)
        except (ValueError, csv.Error, StopIteration):
            good = False
        if good:
            found.append(Segment(video, start, end, x, y, split))
        else:
            drops.append(Drop(f"{table.name}:{number}", "not <video>,<start>,<end>,<x>,<y>"))
    return found
