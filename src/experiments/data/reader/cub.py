"""Caltech-UCSD Birds (Wah 2011) with the captions of Reed 2016, in the folders that people have.

AttnGAN, DM-GAN, DF-GAN and StackGAN unpack to a tree with pickles; the data set itself is a tree
with text files. Which of them a folder is, is told by the files in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

from experiments.data.layout.cub import (
    AUDIO,
    FETCH,
    LI,
    LI_IMAGES,
    CubLayout,
    find_layout,
    image_tree,
)
from experiments.data.layout.cub_metadata import (
    IMAGES,
    TEST_CLASSES,
    native_entries,
    pickled_entries,
    read_boxes,
    read_test_classes,
)
from experiments.data.layout.entry import Entry, stem_of
from experiments.data.layout.fingerprint import Listing
from experiments.data.layout.pickle_lists import SPLITS, PickledCaptions, Split, filenames
from experiments.data.layout.root import LayoutName, require_layout
from experiments.data.layout.spoken_lists import Spelt, spoken_entries
from experiments.data.reader.spoken import SpokenReader
from experiments.data.record import Drop
from experiments.terminal.error import UserError


class Cub(SpokenReader[CubLayout]):
    """The reader of CUB-200-2011.

    `root`: the folder `birds/` of AttnGAN, or `CUB_200_2011/` itself, with the captions inside or
    beside it, or `hf://owner/name`. `layout`: `attngan` (split and classes from
    `{train,test}/*.pickle`), `native` (text files; the split is by class: a `testclasses.txt` in
    the tree, else the published 50 classes), `li` (all from Li's `{train,test}.json`), or `auto`.
    `text`: the folder of caption files, where it is neither `text/` nor `text_c10/`.
    `box_crop`: crop to the bird as AttnGAN does (`images.crop_window`), but for its random crop,
    which happens later, on the device. `captions_per_image`: use only the first so many.

    Captions come from the caption files, as many as each image has. Only where there are none, they
    are read from `captions.pickle`, which must then have ten for every file name. The attributes
    of CUB are annotators' guesses and are not read. Recordings are those of `audio/` and
    `audio_mel/` beside the pictures (`layout/recordings.py`).
    """

    name = "cub"
    remedy = FETCH
    repeated = "listed {} times"

    def __init__(
        self,
        root: str | None = None,
        layout: LayoutName | Literal["li"] = "auto",
        text: str | None = None,
        box_crop: bool = True,
        captions_per_image: int | None = None,
        follow_links: bool | None = None,
    ) -> None:
        require_layout(layout, LI)
        super().__init__(root, captions_per_image, follow_links)
        self.layout = layout
        self.text = text
        self.box_crop = box_crop

    def _checked(self) -> CubLayout:
        """Raise `UserError` where a part of the tree is missing or the vocabulary is empty."""
        found = super()._checked()
        for name, wanted in (
            ("images.txt", self.box_crop or (found.pickles is None and not found.lists)),
            ("bounding_boxes.txt", self.box_crop),
            ("image_class_labels.txt", found.pickles is None and not found.lists),
        ):
            if wanted and not (found.cub / name).is_file():
                remedy = " or set data.reader.box_crop=false" if found.pickles is not None else ""
                raise UserError(f"{found.cub / name}: missing; unpack CUB_200_2011.tgz{remedy}")
        return found

    def _files(self, found: CubLayout) -> Listing:
        settings: tuple[object, ...] = (self.name, found.pickles is None, self.box_crop)
        settings = (*settings, self.captions_per_image)
        places = [found.cub / IMAGES, found.text, *(found.cub.glob("*.txt"))]
        places += [found.words, found.test_classes]
        if found.pickles is not None:
            places += [found.pickles / split for split in SPLITS]
        content = repr(settings).encode() + TEST_CLASSES.read_bytes()
        if found.lists:
            lists = [
                *(found.cub.glob("*.txt")),
                *(p for paths in found.lists.values() for p in paths),
            ]
            return self._listed_files(content + b"li", found, lists, self._listed(found))
        return self._listing(content, found, places)

    def _layout(self, root: Path) -> CubLayout:
        return find_layout(root, self.layout, self.text, self.recordings)

    def _folders(self, root: Path, split: Split) -> list[Path]:
        return [image_tree(root) / IMAGES]

    def _entries(self, found: CubLayout) -> Sequence[Entry | Drop]:
        entries = self._listed(found)
        if not self.box_crop:
            return entries
        boxes = read_boxes(found.cub)
        return [
            entry
            if isinstance(entry, Drop)
            else replace(entry, box=boxes.get(entry.key, "no bounding box"))
            for entry in entries
        ]

    def _listed(self, found: CubLayout) -> list[Entry | Drop]:
        if found.lists:
            return spoken_entries(found, LI_IMAGES, AUDIO, self.recordings, _of_li)
        if found.pickles is not None:
            pickled: PickledCaptions | None = None
            if found.text is None and found.words is not None:
                counts = {split: len(filenames(found.pickles, split)) for split in SPLITS}
                pickled = PickledCaptions(found.words, counts)
            return pickled_entries(found.pickles, found.cub, pickled, found.text is not None)
        classes = found.test_classes or TEST_CLASSES
        entries = native_entries(found.cub, read_test_classes(classes), found.text is not None)
        if not any(isinstance(entry, Entry) and entry.split == "test" for entry in entries):
            raise UserError(
                f"{found.cub}: it has none of the test classes in {classes.name}; write "
                f"{found.root / 'testclasses.txt'} with the names of yours, one a line"
            )
        return entries


def _of_li(item: Spelt) -> tuple[str, str]:
    label = item.class_name or PurePosixPath(item.image).parent.name
    return label, stem_of(item.image)
