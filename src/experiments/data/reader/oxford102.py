"""Oxford-102 flowers (Nilsback 2008) with Reed's captions (2016), in the folders that people have.

The data set itself is a folder `jpg/`; Reed's captions lie in `text_c10/<class>/`, StackGAN adds
pickles, and DF-GAN keeps the pictures in `oxford-102-flowers/images/`. Names `image_00001` are
unique, so a picture and its captions find each other wherever both lie.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.data.images import read_crop
from experiments.data.layout.caption_files import read_captions
from experiments.data.layout.fingerprint import content_hash
from experiments.data.layout.oxford102 import (
    PICTURES,
    Entry,
    Layout,
    existing_root,
    find_layout,
    listed_entries,
    pickled_entries,
)
from experiments.data.layout.pickle_lists import SPLITS, pickled_words, require_words
from experiments.data.layout.root import picture_below
from experiments.data.record import Drop, Reader, Record
from experiments.terminal.error import BadInput, UserError


class Oxford102(Reader):
    """The reader of Oxford-102.

    `root`: the folder that holds `jpg/` (or `oxford-102-flowers/images/`) and the captions in
    `text_c10/` or `text/`, or `hf://owner/name`. `text`: the folder of captions, where it is
    neither. `captions_per_image`: use only the first so many.

    The class of a picture is the folder of its captions (`class_00001`). The split, by class, is
    that of StackGAN's pickles, else of `trainvalclasses.txt` and `testclasses.txt`, as in Reed's
    release. Of the files of the data set, `setid.mat` splits pictures for recognition and
    `imagelabels.mat` repeats the folders: neither is read. There are no boxes.
    """

    name = "oxford102"

    def __init__(
        self,
        root: str | None = None,
        text: str | None = None,
        captions_per_image: int | None = None,
    ) -> None:
        if captions_per_image is not None and captions_per_image < 1:
            raise UserError("data.reader.captions_per_image: must be 1 or more, or null for all")
        self.root = root
        self.text = text
        self.captions_per_image = captions_per_image
        self._classes: list[str] = []

    def check(self) -> None:
        """Raise `UserError` where pictures, captions or the split are missing."""
        require_words(self._find().words)

    def fingerprint(self) -> str:
        """A hash of the settings and of name, size and time of every file that is read."""
        found = self._find()
        settings = (self.name, found.pickles is None, self.captions_per_image)
        places = [found.pictures, found.text, *found.class_lists.values(), found.words]
        if found.pickles is not None:
            places += [found.pickles / split for split in SPLITS]
        return content_hash(repr(settings).encode(), places)

    def read(self) -> Iterator[Record | Drop]:
        """The pictures in the order of the pickles, or in that of their classes and names."""
        self.check()
        found = self._find()
        entries = listed_entries(found) if found.pickles is None else pickled_entries(found)
        good = [entry for entry in entries if isinstance(entry, Entry)]
        self._classes = sorted({entry.class_name for entry in good})
        label = {name: number for number, name in enumerate(self._classes)}
        seen: set[str] = set()
        for entry in entries:
            if isinstance(entry, Drop):
                yield entry
                continue
            drops: list[Drop] = []
            try:
                if entry.key in seen:
                    raise BadInput("listed more than once")
                seen.add(entry.key)
                picture_below(found.root, [found.pictures], entry.image)
                captions = read_captions(found.text, entry.captions, entry.key, drops)
            except BadInput as reason:
                yield Drop(entry.key, str(reason))
                continue
            yield from drops
            yield Record(
                entry.key,
                tuple(captions[: self.captions_per_image]),
                label[entry.class_name],
                entry.split,
                image=entry.image,
            )

    def image(self, record: Record, size: int) -> np.ndarray:
        """The central square of the picture as uint8 (size, size, 3); original aspect is kept."""
        root = existing_root(self.root)
        folders = [root / name for name in PICTURES]
        return read_crop(picture_below(root, folders, record.image), size)

    def class_names(self) -> list[str]:
        """Names of the folders of captions (`class_00001`), by label."""
        return list(self._classes)

    def words(self) -> list[str] | None:
        """The vocabulary of `captions.pickle` in index order, or None where there is none."""
        words = self._find().words
        return None if words is None else pickled_words(words)

    def _find(self) -> Layout:
        return find_layout(self.root, self.text)
