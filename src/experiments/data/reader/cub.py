"""Caltech-UCSD Birds (Wah 2011) with the captions of Reed 2016, in the folders that people have.

AttnGAN, DM-GAN, DF-GAN and StackGAN unpack to a tree with pickles; the data set itself is a tree
with text files. Which of them a folder is, is told by the files in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from experiments.data.images import path_inside, read_crop
from experiments.data.layout.caption_files import read_captions
from experiments.data.layout.cub import IMAGES, Layout, existing_root, find_layout, image_tree
from experiments.data.layout.cub_metadata import (
    TEST_CLASSES,
    Entry,
    native_entries,
    pickled_entries,
    read_boxes,
    read_test_classes,
)
from experiments.data.layout.fingerprint import content_hash
from experiments.data.layout.pickle_lists import (
    SPLITS,
    PickledCaptions,
    filenames,
    pickled_words,
    require_words,
)
from experiments.data.layout.root import LayoutName, picture_below, require_options
from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput, UserError


class Cub:
    """The reader of CUB-200-2011.

    `root`: the folder `birds/` of AttnGAN, or `CUB_200_2011/` itself, with the captions inside or
    beside it, or `hf://owner/name`. `layout`: `attngan` (split and classes from
    `{train,test}/*.pickle`), `native` (text files; the split is by class: a `testclasses.txt` in
    the tree, else the published 50 classes), or `auto`. `text`: the folder of caption files, where
    it is neither `text/` nor `text_c10/`.
    `box_crop`: crop to the bird as AttnGAN does. `captions_per_image`: use only the first so many.

    Captions come from the caption files, as many as each image has. Only where there are none, they
    are read from `captions.pickle`, which must then have ten for every file name.
    """

    name = "cub"

    def __init__(
        self,
        root: str | None = None,
        layout: LayoutName = "auto",
        text: str | None = None,
        box_crop: bool = True,
        captions_per_image: int | None = None,
    ) -> None:
        require_options(layout, captions_per_image)
        self.root = root
        self.layout = layout
        self.text = text
        self.box_crop = box_crop
        self.captions_per_image = captions_per_image
        self._classes: list[str] = []

    def check(self) -> None:
        """Raise `UserError` where a part of the tree is missing or the vocabulary is empty."""
        found = self._find()
        require_words(found.captions)
        for name, wanted in (
            ("images.txt", self.box_crop or found.pickles is None),
            ("bounding_boxes.txt", self.box_crop),
            ("image_class_labels.txt", found.pickles is None),
        ):
            if wanted and not (found.cub / name).is_file():
                remedy = " or set data.reader.box_crop=false" if found.pickles is not None else ""
                raise UserError(f"{found.cub / name}: missing; unpack CUB_200_2011.tgz{remedy}")

    def fingerprint(self) -> str:
        """A hash of the settings and of name, size and time of every file that is read."""
        found = self._find()
        settings = (self.name, found.pickles is None, self.box_crop, self.captions_per_image)
        folders = [found.cub / IMAGES, found.text, *(found.cub.glob("*.txt"))]
        folders += [found.captions, found.test_classes]
        if found.pickles is not None:
            folders += [found.pickles / split for split in SPLITS]
        return content_hash(repr(settings).encode() + TEST_CLASSES.read_bytes(), folders)

    def read(self) -> Iterator[Record | Drop]:
        """The images in the order of the lists, the training split first in AttnGAN's tree."""
        self.check()
        found = self._find()
        entries = self._entries(found)
        good = [entry for entry in entries if isinstance(entry, Entry)]
        names = dict(reversed([(entry.class_id, entry.class_name) for entry in good]))
        label = {class_id: number for number, class_id in enumerate(sorted(names))}
        self._classes = [names[class_id] for class_id in sorted(names)]
        boxes = read_boxes(found.cub) if self.box_crop else {}
        pickled: PickledCaptions | None = None
        if found.text is None:
            assert found.captions is not None and found.pickles is not None
            counts = {split: len(filenames(found.pickles, split)) for split in SPLITS}
            pickled = PickledCaptions(found.captions, counts)
        times = Counter(entry.name for entry in good)
        seen: set[str] = set()
        for entry in entries:
            if isinstance(entry, Drop):
                yield entry
                continue
            drops: list[Drop] = []
            try:
                if entry.name in seen:
                    raise BadInput(f"listed {times[entry.name]} times")
                seen.add(entry.name)
                path_inside(found.cub / IMAGES, entry.image)
                box = boxes.get(entry.name, "no bounding box") if self.box_crop else None
                if isinstance(box, str):
                    raise BadInput(box)
                captions = self._captions(found, entry, pickled, drops)
            except BadInput as reason:
                yield Drop(entry.name, str(reason))
                continue
            yield from drops
            image = (found.cub / IMAGES / entry.image).relative_to(found.root).as_posix()
            yield Record(
                entry.name, captions, label[entry.class_id], entry.split, image=image, box=box
            )

    def image(self, record: Record, size: int) -> np.ndarray:
        """The bird's surroundings as uint8 (size, size, 3).

        With a box this is AttnGAN's crop (`images.crop_window`). The short side is resized to
        `size` and the long side cut at its centre, so that the store is square; the random crop of
        training happens later, on the device. Original aspect is kept.
        """
        root = existing_root(self.root)
        path = picture_below(root, [image_tree(root) / IMAGES], record.image)
        return read_crop(path, size, record.box)

    def class_names(self) -> list[str]:
        """Names of the folders (`001.Black_footed_Albatross`) by label."""
        return list(self._classes)

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """None: the attributes of CUB are annotators' guesses and are not read."""
        return {}

    def words(self) -> list[str] | None:
        """The vocabulary of `captions.pickle` in index order, or None where there is none.

        An encoder with published weights needs these indices and no others.
        """
        captions = self._find().captions
        return None if captions is None else pickled_words(captions)

    def _find(self) -> Layout:
        return find_layout(self.root, self.layout, self.text)

    def _entries(self, found: Layout) -> list[Entry | Drop]:
        if found.pickles is not None:
            return pickled_entries(found.pickles, found.cub)
        listed = found.test_classes or TEST_CLASSES
        entries = native_entries(found.cub, read_test_classes(listed))
        if not any(isinstance(entry, Entry) and entry.split == "test" for entry in entries):
            raise UserError(
                f"{found.cub}: it has none of the test classes in {listed.name}; write "
                f"{found.root / 'testclasses.txt'} with the names of yours, one a line"
            )
        return entries

    def _captions(
        self,
        found: Layout,
        entry: Entry,
        pickled: PickledCaptions | None,
        drops: list[Drop],
    ) -> tuple[str, ...]:
        if found.text is not None:
            captions = read_captions(found.text, f"{entry.name}.txt", entry.name, drops)
        else:
            assert pickled is not None
            captions = pickled.at(entry.split, entry.index, entry.name, drops)
        return tuple(captions[: self.captions_per_image])
