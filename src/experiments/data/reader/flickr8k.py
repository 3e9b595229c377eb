"""Flickr8k: 8,000 photographs with five captions each, written (Hodosh 2013) and spoken by people
(Harwath and Glass 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.data.layout.entry import Entry
from experiments.data.layout.fingerprint import Listing
from experiments.data.layout.flickr8k import (
    FETCH,
    FlickrLayout,
    find_layout,
    listed_entries,
    recordings,
)
from experiments.data.layout.pickle_lists import LISTS, Split
from experiments.data.layout.recordings import By
from experiments.data.reader.spoken import SpokenReader
from experiments.data.record import Drop


class Flickr8k(SpokenReader[FlickrLayout]):
    """The reader of Flickr8k.

    `root`: the folder that holds the pictures (`Flicker8k_Dataset/`, `images/`), the captions
    (`Flickr8k.token.txt`, or Kaggle's `captions.txt`) and, where there are recordings,
    `flickr_audio/`; or `hf://owner/name`. `captions_per_image`: use only the first so many.
    `follow_links`: also out of the root.

    The split is that of S2IGAN's pickles (994 to test on), else of `Flickr_8k.*Images.txt`: 1,000
    to test on; those to validate on are trained on, as in the published splits of CUB and
    Oxford-102. There are no classes: each picture is one of its own. A recording belongs to the
    caption that `wav2capt.txt` names, else to that of the number in its name. `wav2spk.txt` is not
    read: nothing asks who speaks.
    """

    name = "flickr8k"
    remedy = FETCH

    def __init__(
        self,
        root: str | None = None,
        captions_per_image: int | None = 5,
        follow_links: bool | None = None,
    ) -> None:
        super().__init__(root, captions_per_image, follow_links)

    def _files(self, found: FlickrLayout) -> Listing:
        settings = (self.name, found.pickles is None, self.captions_per_image)
        places: list[Path | None] = [found.pictures, found.captions]
        if found.pickles is not None:
            places += [found.pickles / name for name in LISTS]
        else:
            places += [path for paths in found.splits.values() for path in paths]
        places += [found.mapping] if self.recordings else []
        return self._listing(repr(settings).encode(), found, places)

    def _layout(self, root: Path) -> FlickrLayout:
        return find_layout(root)

    def _folders(self, root: Path, split: Split) -> list[Path]:
        return [find_layout(root).pictures]

    def _entries(self, found: FlickrLayout) -> Sequence[Entry | Drop]:
        return listed_entries(found)

    def _recordings(self, found: FlickrLayout, keys: Sequence[str]) -> By:
        return recordings(found, list(keys), self.follows)
