"""A folder of anybody's pictures: what lies in it, and the splits and classes that can be told."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from experiments.data.layout.entry import stem_of
from experiments.data.layout.folder_metadata import METADATA, SPLIT_WORDS
from experiments.data.layout.folder_table import is_table, may_be_table
from experiments.data.layout.recordings import by_format, is_sound
from experiments.data.layout.walk import ALIKE, OTHER_FILES, Found, found_below, leads_to_folder
from experiments.file.name import plain
from experiments.terminal.error import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
# Pictures, too, which are not read: a data set with them would be another for those who have it.
OTHER_PICTURES = (
    *(".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jfif", ".jp2", ".jxl", ".svg"),
    *(".ppm", ".pgm", ".pnm", ".tga", ".ico", ".psd", ".dng", ".cr2", ".nef", ".arw"),
)
CAPTIONS = (".caption", ".txt")  # the first is of Kohya's scripts
SHARD = re.compile(r"\d{5}")
LONE_SOUNDS = "sounds without a picture"
NO_CAPTIONS = ("readme", "license", "licence", "copying", "notice", "requirements", "classes")


@dataclass(frozen=True)
class Tree:
    """Paths relative to the root, sorted. `pictures`: or clips, where the data are made of these.
    `not_read`: how many other things there are, by kind."""

    pictures: list[str]
    texts: dict[str, str]  # caption files by path without suffix
    metadata: list[str]
    found: Found
    not_read: dict[str, int]
    sounds: dict[str, str]  # by path without suffix; none unless they are asked for
    tables: list[str] = field(default_factory=list)  # where no caption lies beside a picture
    shards: bool = False  # whether the folders are those of img2dataset, which mean nothing

    @property
    def files(self) -> list[str]:
        """All that are read without sounds."""
        return [*self.pictures, *self.texts.values(), *self.metadata, *self.tables]


def is_picture(path: str) -> bool:
    """Whether the name is that of a picture, in any case of letters."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES


def walk(
    root: Path,
    follow: bool = False,
    sounds: bool = False,
    wanted: Callable[[str], bool] = is_picture,
    thing: str = "picture",
) -> Tree:
    """Every file that may matter. Hidden ones, and what archivers of a Mac leave, do not; they are
    counted. `follow`: also links out of the root. `sounds`: whether they matter. `wanted`: the
    names of what the data are made of, in place of pictures; `thing`: what one of them is called.

    Raises `UserError` for a folder with two metadata files, and for one that cannot be read.
    """
    found = found_below(root, follow, hidden)
    other = Counter[str]()
    pictures, texts, metadata, heard = [], {}, [], []
    tables, beside_json = [], set[str]()
    for path in sorted(found.files):
        pure = PurePosixPath(path)
        suffix = pure.suffix.lower()
        if pure.name in METADATA:
            metadata.append(path)
        elif wanted(path):
            pictures.append(path)
        elif may_be_table(path) and is_table(root / path):
            tables.append(path)
        elif suffix in CAPTIONS and pure.stem.lower() not in NO_CAPTIONS:
            texts[stem_of(path)] = path  # of both the second
        elif sounds and is_sound(path):
            heard.append(path)
        elif suffix in OTHER_PICTURES:
            other[f"{suffix[1:]} pictures"] += 1
        else:
            other[OTHER_FILES] += 1
            beside_json |= {stem_of(path)} if suffix == ".json" else set()
    _require_one_file(root, metadata)
    pictures = sorted(pictures + unreadable(found))
    stems = set(map(stem_of, pictures))
    if metadata or not stems.isdisjoint(texts):
        other[OTHER_FILES] += len(tables)
        tables = []
    if metadata or tables:  # else each costs a record
        other[f"caption files without a {thing}"] = sum(stem not in stems for stem in texts)
    beside = by_stem(heard)
    if not metadata:  # which may name them
        other[LONE_SOUNDS] = sum(stem not in stems for stem in beside)
    alike = Counter(path.casefold() for path in {*stems, *found.folders})
    other[ALIKE] = sum(n for n in alike.values() if n > 1)
    counts = {kind: count for kind, count in other.items() if count}
    shards = _are_shards(pictures, beside_json)
    return Tree(pictures, texts, metadata, found, found.not_read | counts, beside, tables, shards)


def _are_shards(pictures: Sequence[str], beside: Collection[str]) -> bool:
    """Whether all folders are numbered as img2dataset numbers its shards, and what it leaves beside
    each picture is there."""
    folders = {PurePosixPath(path).parent.name for path in pictures}
    numbered = bool(folders) and all(SHARD.fullmatch(name) for name in folders)
    return numbered and any(stem_of(path) in beside for path in pictures)


def by_stem(sounds: Iterable[str]) -> dict[str, str]:
    """Sounds by their path without suffix, of two formats the first of `recordings.SOUNDS`."""
    found: dict[str, str] = {}
    for path in sorted(sounds, key=by_format):
        found.setdefault(stem_of(path), path)
    return dict(sorted(found.items()))


def _require_one_file(root: Path, metadata: list[str]) -> None:
    folders = Counter(PurePosixPath(path).parent for path in metadata)
    for folder, count in folders.items():
        if count > 1:
            raise UserError(
                f"{plain(root / folder)}: has {' and '.join(METADATA)}; keep one of them"
            )


def unreadable(found: Found) -> list[str]:
    """Empty folders that are named as pictures: each is a picture that somebody lost, and counts as
    one that cannot be read."""
    named = [path for path in found.folders if is_picture(path)]
    return [path for path in named if not any(f.startswith(f"{path}/") for f in found.files)]


def hidden(entry: os.DirEntry[str]) -> str:
    """The kind of an entry that is hidden, or that an archiver of a Mac left; else nothing."""
    if entry.name[0] != "." and entry.name != "__MACOSX":
        return ""
    if leads_to_folder(entry.path):
        return "hidden folders"
    return "hidden pictures" if is_picture(entry.name) else OTHER_FILES


def told_by_folders(path: str) -> tuple[str, str]:
    """(split, class) of a picture: a first folder `train`, ..., and the folders below; or empty."""
    folders = list(PurePosixPath(path).parent.parts)
    split = SPLIT_WORDS.get(folders[0].lower(), "") if folders else ""
    return split, "/".join(folders[1:] if split else folders)


def hashed_share(names: Iterable[str], share: float) -> frozenset[str]:
    """The names whose hash falls into the first `share` of its range: one at least, and not all.

    Whether a name is among them depends on the name alone, but for that one; so pictures that are
    added later change no split. Of fewer than two names there is none.
    """
    order = sorted({(hash_fraction(name), name) for name in names})
    count = sum(fraction < share for fraction, _ in order)
    count = min(max(count, 1), len(order) - 1)
    return frozenset(name for _, name in order[: max(count, 0)])


def hash_fraction(name: str) -> float:
    """A number in [0, 1) that depends on the name alone."""
    return int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:8], "big") / 2**64
