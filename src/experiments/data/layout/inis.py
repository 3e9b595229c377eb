"""Pictures and sounds in a folder a class, as INIS (Chen 2017) is told of: its layout is not
published.

    <class>/<recording>_<n>.jpg with <recording>_<n>.wav      pairs by name
    <class>/<recording>/<n>.jpg with .../<n>.wav              the same, in folders
    <class>/*.jpg and <class>/*.wav                           no names in common: paired by turns
    {train,test}/<class>/...                                  any of these with its split

What was cut from one recording is on one side of the split.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from experiments.data.layout.entry import Entry, stem_of
from experiments.data.layout.folder import hashed_share, is_picture
from experiments.data.layout.folder_metadata import SPLIT_WORDS
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.recordings import is_sound
from experiments.data.layout.root import NEAR, meant
from experiments.data.layout.sounds import SoundLayout, files_below, splits_of
from experiments.data.layout.sub_urmp import UNPAIRED
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import UserError

ALONE = "classes of one recording, which are trained on alone"
FETCH = (
    "put pictures and sounds of each class into a folder of its name, <class>/<recording>_<n>.jpg "
    "with <class>/<recording>_<n>.wav, and set data.root to the folder of the classes"
)
_NUMBER = re.compile(r"[\W_]*\d+$")


@dataclass(frozen=True)
class _Place:
    """A file: the folder of its split or nothing, its class, and its path in that, no suffix."""

    word: str
    label: str
    inner: str

    @property
    def recording(self) -> str:
        """The folder below that of the class, else the name without its last number."""
        folder = PurePosixPath(self.inner).parent.as_posix()
        return (folder if folder != "." else _NUMBER.sub("", self.inner)) or self.inner


_Places = dict[str, _Place]  # by their path below the root, sorted


def find_layout(top: Path, follow_links: bool | None, test_share: float) -> SoundLayout:
    """Its pictures with their sounds. `test_share`: of the recordings of a class to test on, where
    no folders say so. Raises `UserError` where no class has both, or nothing could be the test."""
    found = files_below(top, follow_links)
    pictures = {path: _placed(path) for path in found.pictures}
    given = splits_of({place.word for place in pictures.values() if place and place.word})
    if set(given.values()) != {"train", "test"}:  # folders of one split, or of none, say nothing
        given = {}
    groups = defaultdict[tuple[str, str], tuple[_Places, _Places]](lambda: ({}, {}))
    entries: list[Entry | Drop] = []
    for side, files in enumerate((pictures, {s: _placed(s) for s in found.sounds.values()})):
        for path, place in files.items():
            if place is not None and (place.word or not given):
                groups[place.word if given else "", place.label][side][path] = place
            elif side == 0:
                reason = "not in the folder of a class" if place is None else "in no split"
                entries.append(Drop(stem_of(path), reason))
    if not any(seen and heard for seen, heard in groups.values()):
        raise UserError(
            f"data.root: no class with pictures and sounds in {plain(top)}"
            f"{meant(top, _is_tree)}; {FETCH}"
        )
    counts = found.not_read.copy()
    for (word, label), (seen, heard) in sorted(groups.items()):
        pairs = _pairs(seen, heard)
        names = {f"{label}/{recording}" for _, recording, _ in pairs}
        test = frozenset() if given else hashed_share(names, test_share)
        counts[ALONE] += bool(names) and not given and not test
        for path, recording, sound in pairs:
            split: Split = "test" if f"{label}/{recording}" in test else "train"
            split = given.get(word, split)
            more: dict[str, Any] = {"sound": sound, "pose": recording}
            entries.append(Entry(stem_of(path), top, path, [], split, label, label, **more))
    used = {entry.sound for entry in entries if isinstance(entry, Entry)} - {""}
    counts[UNPAIRED] = len(found.sounds) - len(used)
    if not any(isinstance(entry, Entry) and entry.split == "test" for entry in entries):
        raise UserError(
            f"data.root: no class of {plain(top)} has two recordings, of which one could be the "
            "test; name files <recording>_<n>, or make folders train/ and test/"
        )
    return SoundLayout(root=top, entries=entries, not_read=dict(+counts))


def _pairs(seen: _Places, heard: _Places) -> list[tuple[str, str, str]]:
    """Of each picture of a class: its path, what recording it goes with, and the path of the sound
    or nothing. Where no names are alike, sounds take turns."""
    by_name = {place.inner: path for path, place in heard.items()}
    if not heard or any(place.inner in by_name for place in seen.values()):
        return [
            (path, place.recording, by_name.get(place.inner, "")) for path, place in seen.items()
        ]
    turns = itertools.cycle(heard.items())
    return [
        (path, place.recording, sound) for path, (sound, place) in zip(seen, turns, strict=False)
    ]


def _placed(path: str) -> _Place | None:
    """Where a file is; None for one that is in no folder of a class."""
    parts = PurePosixPath(stem_of(path)).parts
    word = SPLIT_WORDS.get(parts[0].lower(), "") if len(parts) > 2 else ""
    label, *inner = parts[1:] if word else parts
    return _Place(word, label, "/".join(inner)) if inner else None


def _is_tree(folder: Path) -> bool:
    """Whether folders in it have pictures and sounds."""
    inner = (
        sorted(path for path in folder.iterdir() if path.is_dir())[:NEAR] if folder.is_dir() else []
    )
    for label in inner:
        names = [path.name for path in itertools.islice(label.iterdir(), NEAR)]
        if any(map(is_picture, names)) and any(map(is_sound, names)):
            return True
    return False
