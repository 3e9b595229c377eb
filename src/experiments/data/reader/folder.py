"""A user's own pictures and captions, in a folder of any name.

Either Hugging Face's imagefolder convention (`folder_metadata.py`: `metadata.jsonl` or
`metadata.csv` in the folder of the pictures or above it), or `name.txt` beside `name.jpg` with one
caption a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.data.images import path_inside, read_crop
from experiments.data.layout.caption_files import clean_captions, read_captions
from experiments.data.layout.fingerprint import content_hash
from experiments.data.layout.folder import (
    SUFFIXES,
    Tree,
    hashed_share,
    is_picture,
    stem_of,
    told_by_folders,
    walk,
)
from experiments.data.layout.folder_metadata import Listed, read_metadata
from experiments.data.layout.root import data_folder
from experiments.data.record import Drop, Reader, Record
from experiments.terminal.error import BadInput, UserError

HOW = (
    "put name.txt with a caption a line beside each name.jpg, or write metadata.jsonl with a line "
    '{"file_name": "name.jpg", "text": "a caption"} for each'
)


class Folder(Reader):
    """The reader of `data=folder`.

    Captions are those of the metadata, else those of the file beside the picture. Classes are the
    column `label` or `class`, else the folders (`birds/owl`, without a first `train/` or `test/`).
    A picture of which nothing says the class is one of its own, and so is every picture where there
    are fewer than two classes, which could tell no two captions apart.

    Split: the column `split`, else a first folder `train/`, `test/` or `validation/`, if they make
    both a part to train on and one to test on. Pictures to validate on are the test where there is
    no other, else they are trained on, as in the published splits of CUB and Oxford-102. Where
    nothing is said, the test split is the `test_share` of the pictures (`split: images`) or of the
    classes (`split: classes`, for words about things never seen) that the hash of the key, or of
    the class, picks (`folder_tree.hashed_share`).
    """

    name = "folder"

    def __init__(
        self,
        root: str | None = None,
        split: Literal["images", "classes"] = "images",
        test_share: float = 0.1,
        captions_per_image: int | None = None,
    ) -> None:
        if split not in ("images", "classes"):
            raise UserError(f"data.reader.split: {split!r} is neither images nor classes")
        if not 0 < test_share < 1:
            raise UserError(f"data.reader.test_share: {test_share} is not between 0 and 1")
        if captions_per_image is not None and captions_per_image < 1:
            raise UserError("data.reader.captions_per_image: must be 1 or more, or null for all")
        self.root = root
        self.split = split
        self.test_share = test_share
        self.captions_per_image = captions_per_image
        self._classes: list[str] = []

    def check(self) -> None:
        """Raise `UserError` where there are no pictures or no captions."""
        tree = walk(self._folder())
        if not tree.pictures:
            kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
            raise UserError(f"data.root: no picture ({kinds}) in {self.root}; {HOW}")
        if not tree.texts and not tree.metadata:
            raise UserError(f"data.root: no captions in {self.root}; {HOW}")

    def fingerprint(self) -> str:
        """A hash of the settings and of path, size and time of every file that is read."""
        folder = self._folder()
        files = walk(folder).files
        settings = (self.name, self.split, self.test_share, self.captions_per_image, files)
        return content_hash(repr(settings).encode(), [folder / name for name in files])

    def read(self) -> Iterator[Record | Drop]:
        """The pictures in the order of their paths; what has no partner comes first."""
        self.check()
        folder, drops = self._folder(), list[Drop]()
        tree = walk(folder)
        listed = _gather(folder, tree, drops)
        yield from drops
        stems = Counter(stem_of(path) for path in listed)
        good: list[Listed] = []
        for path, entry in listed.items():
            faults: list[Drop] = []
            try:
                entry.captions = _captions(folder, tree, entry, _key(path, stems), faults)
            except BadInput as reason:
                yield Drop(_key(path, stems), str(reason))
                continue
            yield from faults
            good.append(entry)
        classes = _told_classes(good)
        named = [classes.get(entry.image) or _key(entry.image, stems) for entry in good]
        self._classes = sorted(set(named))
        label = {name: number for number, name in enumerate(self._classes)}
        splits = self._splits(good, named, bool(classes))
        for entry, name, split in zip(good, named, splits, strict=True):
            key = _key(entry.image, stems)
            if split is None:
                yield Drop(key, "no split, where others have one")
                continue
            kept = tuple(entry.captions[: self.captions_per_image])
            yield Record(key, kept, label[name], split, image=entry.image)

    def image(self, record: Record, size: int) -> np.ndarray:
        """The central square of the picture as uint8 (size, size, 3); original aspect is kept."""
        return read_crop(path_inside(self._folder(), record.image), size)

    def class_names(self) -> list[str]:
        """Names of the classes, by label; the key of a picture that is a class of its own."""
        return list(self._classes)

    def _folder(self) -> Path:
        return data_folder(self.root, f"set it to the folder of your pictures: {HOW}")

    def _splits(
        self, good: list[Listed], named: list[str], told: bool
    ) -> list[Literal["train", "test"] | None]:
        """The split of each picture; `named` are their classes, `told` whether anything said so."""
        given = [entry.split or told_by_folders(entry.image)[0] for entry in good]
        if "train" in given and {"test", "validation"} & set(given):
            last = "test" if "test" in given else "validation"
            return [("test" if s == last else "train") if s else None for s in given]
        if self.split == "classes" and good and not told:
            raise UserError(
                f"data.reader.split=classes: {self.root} has no two classes; name them in a column "
                "label of the metadata, or give each a folder of its own"
            )
        stems = [stem_of(entry.image) for entry in good]
        names = named if self.split == "classes" else stems
        if len(set(names)) == 1:
            raise UserError(
                f"data.root: a single picture can be used in {self.root}; at least two are needed, "
                "one to train on and one to test on"
            )
        test = hashed_share(names, self.test_share)
        return ["test" if name in test else "train" for name in names]


def _gather(root: Path, tree: Tree, drops: list[Drop]) -> dict[str, Listed]:
    """What is said of each picture, by path; `drops` gets captions that have no picture."""
    said: dict[str, Listed] = {}
    for file in tree.metadata:
        for path, entry in read_metadata(root, file, drops).items():
            known = said.setdefault(path, entry)
            known.captions += entry.captions if known is not entry else []
    used = {stem_of(path) for path in tree.pictures}
    if not tree.metadata:
        lone = [stem for stem in tree.texts if stem not in used]
        drops += [Drop(stem, "no picture beside the captions") for stem in lone]
    listed = dict.fromkeys([*tree.pictures, *said])
    return {path: said.get(path) or Listed(path) for path in sorted(listed)}


def _key(path: str, stems: Counter[str]) -> str:
    """The path without suffix, or whole where two pictures differ in nothing else."""
    return path if stems[stem_of(path)] > 1 else stem_of(path)


def _captions(root: Path, tree: Tree, entry: Listed, key: str, faults: list[Drop]) -> list[str]:
    """The captions of a picture. Raises `BadInput` where it has none or cannot be opened."""
    if not is_picture(entry.image):
        raise BadInput(f"format is none of {', '.join(SUFFIXES)}")
    path_inside(root, entry.image)
    if entry.captions:
        return clean_captions(entry.captions, key, faults)
    beside = tree.texts.get(stem_of(entry.image))
    if beside is None:
        raise BadInput("no captions beside it" + (" or in the metadata" if tree.metadata else ""))
    return read_captions(root, beside, key, faults)


def _told_classes(good: list[Listed]) -> dict[str, str]:
    """The classes that are told, by picture; empty where they are fewer than two."""
    told = {entry.image: entry.label or told_by_folders(entry.image)[1] for entry in good}
    return told if len({name for name in told.values() if name}) >= 2 else {}
