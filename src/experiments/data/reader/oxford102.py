"""Oxford-102 flowers (Nilsback 2008) with Reed's captions (2016), in the folders that people have.

The data set itself is a folder `jpg/`; Reed's captions lie in `text_c10/<class>/`, StackGAN adds
pickles, and DF-GAN keeps the pictures in `oxford-102-flowers/images/`. Names `image_00001` are
unique, so a picture and its captions find each other wherever both lie.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from experiments.data.layout.entry import Entry
from experiments.data.layout.fingerprint import Listing
from experiments.data.layout.oxford102 import (
    FETCH,
    PICTURES,
    OxfordLayout,
    find_layout,
    li_entries,
    listed_entries,
    pickled_entries,
)
from experiments.data.layout.pickle_lists import SPLITS, Split
from experiments.data.reader.spoken import SpokenReader
from experiments.data.record import Drop


class Oxford102(SpokenReader[OxfordLayout]):
    """The reader of Oxford-102.

    `root`: the folder that holds `jpg/` (or `oxford-102-flowers/images/`) and the captions in
    `text_c10/` or `text/`, or `hf://owner/name`. `text`: the folder of captions, where it is
    neither. `captions_per_image`: use only the first so many. `follow_links`: also out of the root.

    The class of a picture is the folder of its captions (`class_00001`). The split, by class, is
    that of StackGAN's pickles, else of `trainvalclasses.txt` and `testclasses.txt`, as in Reed's
    release. Of the files of the data set, `setid.mat` splits pictures for recognition and
    `imagelabels.mat` repeats the folders: neither is read. There are no boxes.
    """

    name = "oxford102"
    remedy = FETCH

    def __init__(
        self,
        root: str | None = None,
        text: str | None = None,
        captions_per_image: int | None = None,
        follow_links: bool | None = None,
    ) -> None:
        super().__init__(root, captions_per_image, follow_links)
        self.text = text

    def _files(self, found: OxfordLayout) -> Listing:
        settings = (self.name, found.pickles is None, self.captions_per_image)
        if found.lists:
            lists = list(itertools.chain(*found.lists.values()))
            content = repr((*settings, "li")).encode()
            return self._listed_files(content, found, lists, self._entries(found))
        places = [found.pictures, found.text, *found.class_lists.values(), found.words]
        if found.pickles is not None:
            places += [found.pickles / split for split in SPLITS]
        return self._listing(repr(settings).encode(), found, places)

    def _layout(self, root: Path) -> OxfordLayout:
        return find_layout(root, self.text, self.recordings)

    def _entries(self, found: OxfordLayout) -> Sequence[Entry | Drop]:
        if found.lists:
            return li_entries(found, self.recordings)
        return listed_entries(found) if found.pickles is None else pickled_entries(found)

    def _folders(self, root: Path, split: Split) -> list[Path]:
        return [root / name for name in PICTURES]
