"""Pictures with a sound each: what lies in a folder of them, and what published sets have alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.data.layout.entry import Entry, Layout
from experiments.data.layout.folder import by_stem, hidden, is_picture, unreadable
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.recordings import is_sound
from experiments.data.layout.walk import OTHER_FILES, found_below, require_followed
from experiments.data.record import Drop

VALIDATION, TEST = "validation", "test"


@dataclass(frozen=True, kw_only=True)
class SoundLayout(Layout):
    """One copy. `entries`: its pictures, each with its sound where it has one, and what is no
    record. `tables`: files that say more of them. `not_read`: how much was met and left, by kind.
    """

    entries: Sequence[Entry | Drop]
    tables: tuple[Path, ...] = ()
    not_read: dict[str, int]


@dataclass(frozen=True)
class Files:
    """Below a folder: paths relative to it, sorted; sounds by their path without suffix."""

    pictures: list[str]
    sounds: dict[str, str]
    not_read: Counter[str]


def files_below(folder: Path, follow_links: bool | None) -> Files:
    """Its pictures and sounds, of which one in two formats counts once. An empty folder that is
    named as a picture counts as one, which then cannot be read. Raises `UserError` for a folder
    that cannot be read, and for folders that are links which nobody said how to take."""
    found = found_below(folder, bool(follow_links), hidden)
    require_followed(folder, found, follow_links)
    pictures = sorted(filter(is_picture, found.files))
    sounds = list(filter(is_sound, found.files))
    counts = Counter(found.not_read)
    counts[OTHER_FILES] += len(found.files) - len(pictures) - len(sounds)
    return Files(sorted(pictures + unreadable(found)), by_stem(sounds), +counts)


def splits_of(words: Iterable[str]) -> dict[str, Split]:
    """What `train`, `validation` and `test` stand for where there are such folders: pictures to
    validate on are the test where there is no other, else they are trained on, as in the published
    splits of CUB and Oxford-102."""
    last = TEST if TEST in words else VALIDATION
    return {word: "test" if word == last else "train" for word in words}
