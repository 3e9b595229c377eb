"""COCO 2014 captions (Lin 2014; Chen 2015) in the folders that people have.

The data set itself is `train2014/`, `val2014/` and `annotations/`. AttnGAN merges the pictures in
`images/` and adds caption files in `text/` and lists of names; DF-GAN keeps them apart, in
`images/train2014/` and `images/val2014/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.data.images import read_crop
from experiments.data.layout.caption_files import clean_captions, read_captions
from experiments.data.layout.coco_annotations import read_annotations
from experiments.data.layout.cub_metadata import without_suffix
from experiments.data.layout.fingerprint import content_hash
from experiments.data.layout.pickle_lists import (
    LISTS,
    SPLITS,
    Split,
    captions_pickle,
    filenames,
    lists_folder,
    pickled_words,
    require_words,
)
from experiments.data.layout.root import (
    LayoutName,
    data_folder,
    holds,
    picture_below,
    require_options,
)
from experiments.data.record import Drop, Reader, Record
from experiments.terminal.error import BadInput, UserError

# Where the pictures of a split may lie; `jpg` is what the code of DF-GAN has, not its README.
PICTURES: dict[Split, tuple[str, ...]] = {
    "train": ("train2014", "images/train2014/jpg", "images/train2014", "images"),
    "test": ("val2014", "images/val2014/jpg", "images/val2014", "images"),
}
ANNOTATIONS: dict[Split, str] = {
    "train": "annotations/captions_train2014.json",
    "test": "annotations/captions_val2014.json",
}
FETCH = (
    "fetch train2014.zip, val2014.zip and annotations_trainval2014.zip "
    "(cocodataset.org/#download), unpack them into one folder, and set data.root to it"
)


@dataclass(frozen=True)
class _Layout:
    root: Path
    pictures: dict[Split, Path]
    lists: Path | None  # holds train/ and test/, with `text`; else the annotations are read
    text: Path  # <picture>.txt
    words: Path | None  # captions.pickle


class Coco(Reader):
    """The reader of COCO 2014: `train2014` to train on, `val2014` to test on.

    `root`: the folder that holds the pictures' folders, or `hf://owner/name`.
    `layout`: `attngan` (names from `{train,test}/filenames.pickle`, captions from `text/`),
    `native` (both from `annotations/`), or `auto`, which takes the first that is there.
    `captions_per_image`: use only the first so many; AttnGAN's five, though some have six or seven.

    COCO has no classes: each picture is one of its own.
    """

    name = "coco"

    def __init__(
        self,
        root: str | None = None,
        layout: LayoutName = "auto",
        captions_per_image: int | None = 5,
    ) -> None:
        require_options(layout, captions_per_image)
        self.root = root
        self.layout = layout
        self.captions_per_image = captions_per_image
        self._names: list[str] = []

    def check(self) -> None:
        """Raise `UserError` where pictures or captions are missing."""
        require_words(self._find().words)

    def fingerprint(self) -> str:
        """A hash of the settings and of name, size and time of every file that is read."""
        found = self._find()
        settings = (self.name, found.lists is None, self.captions_per_image)
        places = [*dict.fromkeys(found.pictures.values()), found.words]
        if found.lists is not None:
            places += [found.text, *(found.lists / name for name in LISTS)]
        else:
            places += [found.root / name for name in ANNOTATIONS.values()]
        return content_hash(repr(settings).encode(), places)

    def read(self) -> Iterator[Record | Drop]:
        """The pictures in the order of the lists, those to train on first."""
        self.check()
        found = self._find()
        self._names = []
        seen: set[str] = set()
        for split in SPLITS:
            folder, drops = found.pictures[split], list[Drop]()
            place = folder.relative_to(found.root).as_posix()
            for file, texts in self._listed(found, split, drops):
                key, image, faults = without_suffix(file), f"{place}/{file}", list[Drop]()
                try:
                    if key in seen:
                        raise BadInput("listed more than once")
                    seen.add(key)
                    picture_below(found.root, [folder], image)
                    if texts is None:
                        captions = read_captions(found.text, f"{key}.txt", key, faults)
                    else:
                        captions = clean_captions(texts, key, faults)
                except BadInput as reason:
                    yield Drop(key, str(reason))
                    continue
                yield from faults
                kept = tuple(captions[: self.captions_per_image])
                yield Record(key, kept, len(self._names), split, image=image)
                self._names.append(key)
            yield from drops

    def image(self, record: Record, size: int) -> np.ndarray:
        """The central square of the picture as uint8 (size, size, 3); original aspect is kept."""
        root = data_folder(self.root, FETCH)
        folders = [root / name for name in PICTURES[record.split]]
        return read_crop(picture_below(root, folders, record.image), size)

    def class_names(self) -> list[str]:
        """The key of each picture, whose number is its label (AttnGAN without `class_info`)."""
        return list(self._names)

    def words(self) -> list[str] | None:
        """The vocabulary of `captions.pickle` in index order, or None where there is none."""
        words = self._find().words
        return None if words is None else pickled_words(words)

    def _listed(
        self, found: _Layout, split: Split, drops: list[Drop]
    ) -> list[tuple[str, list[str] | None]]:
        """File names of pictures, and their captions where they do not lie in files."""
        if found.lists is not None:
            return [(f"{name}.jpg", None) for name in filenames(found.lists, split)]
        return [*read_annotations(found.root / ANNOTATIONS[split], drops)]

    def _find(self) -> _Layout:
        root = data_folder(self.root, FETCH)
        pictures: dict[Split, Path] = {}
        for split, names in PICTURES.items():
            folder = next((root / name for name in names if holds(root / name, ".jpg")), None)
            if folder is None:
                raise UserError(f"data.root: no {names[0]}/*.jpg and no images/ in {root}; {FETCH}")
            pictures[split] = folder
        text, pickles = root / "text", lists_folder([root]) if self.layout != "native" else None
        lists = pickles if holds(text, ".txt") else None
        if lists is None and self.layout == "attngan":
            raise UserError(
                f"data.root: no text/*.txt with {' and '.join(LISTS)} in {root}; fetch the coco "
                "metadata that the README of github.com/taoxugit/AttnGAN names and unpack both "
                "archives of captions that are in it to text/"
            )
        if lists is None:
            lost = [name for name in ANNOTATIONS.values() if not (root / name).is_file()]
            if lost:
                raise UserError(f"data.root: no {lost[0]} in {root}; {FETCH}")
        return _Layout(root, pictures, lists, text, captions_pickle(pickles))
