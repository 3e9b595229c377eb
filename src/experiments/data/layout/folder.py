"""A folder of anybody's pictures: what lies in it, and the splits and classes that can be told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from experiments.data.layout.entry import stem_of
from experiments.data.layout.folder_metadata import METADATA, SPLIT_WORDS
from experiments.data.layout.root import refuse_unreadable
from experiments.file.name import plain
from experiments.terminal.error import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
NO_CAPTIONS = ("readme", "license", "licence", "copying", "notice", "requirements", "classes")


@dataclass(frozen=True)
class Tree:
    """Paths relative to the root, sorted."""

    pictures: list[str]
    texts: dict[str, str]  # caption files by path without suffix
    metadata: list[str]

    @property
    def files(self) -> list[str]:
        """All of them."""
        return [*self.pictures, *self.texts.values(), *self.metadata]


def walk(root: Path) -> Tree:
    """Every file that may matter. Hidden ones, and what archivers of a Mac leave, do not.

    Raises `UserError` for a folder with two metadata files, and for one that cannot be read.
    """
    found: list[str] = []
    for folder, folders, names in os.walk(root, onerror=refuse_unreadable):
        folders[:] = [name for name in folders if name[0] != "." and name != "__MACOSX"]
        inner = Path(folder).relative_to(root)
        if all(name in names for name in METADATA):
            raise UserError(f"{plain(folder)}: has {' and '.join(METADATA)}; keep one of them")
        found += [(inner / name).as_posix() for name in names if name[0] != "."]
    pictures, texts, metadata = [], {}, []
    for path in sorted(found):
        pure = PurePosixPath(path)
        if pure.name in METADATA:
            metadata.append(path)
        elif is_picture(path):
            pictures.append(path)
        elif pure.suffix.lower() == ".txt" and pure.stem.lower() not in NO_CAPTIONS:
            texts[stem_of(path)] = path
    return Tree(pictures, texts, metadata)


def is_picture(path: str) -> bool:
    """Whether the name is that of a picture, in any case of letters."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES


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
