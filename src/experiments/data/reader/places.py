"""Places with one caption a picture, spoken by people and written by a recogniser (Harwath 2016).

Lists are JSON, of the release or of Li 2020; S2IGAN's users have pickles and no captions.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from experiments.data.layout.entry import Entry
from experiments.data.layout.fingerprint import Listing
from experiments.data.layout.pickle_lists import LISTS, Split
from experiments.data.layout.places import (
    FETCH,
    PICTURES,
    SOUNDS,
    PlacesLayout,
    find_layout,
    listed_entries,
)
from experiments.data.reader.spoken import SpokenReader
from experiments.data.record import Drop
from experiments.terminal.error import UserError

ROOMS = (  # of Li 2020 and S2IGAN
    *("bedroom", "dinette", "dining_room", "home_office", "hotel_room"),
    *("kitchenette", "living_room"),
)


class Places(SpokenReader[PlacesLayout]):
    """The reader of Places with spoken captions.

    `root`: the folder that holds `metadata/{train,val}.json`, the pictures and the recordings, or
    `hf://owner/name`. `rooms`: the classes that are read, told by the folders of the pictures
    (`b/bedroom/x.jpg`); null: all. `follow_links`: also out of the root.

    The test split is `test.json`, else `val.json`, which is trained on where both are there. The
    caption is the text of a recogniser (`asr_text`), with its mistakes.
    """

    name = "places"
    remedy = FETCH

    def __init__(
        self,
        root: str | None = None,
        rooms: Sequence[str] | None = ROOMS,
        follow_links: bool | None = None,
    ) -> None:
        if isinstance(rooms, str) or rooms == []:
            raise UserError("data.reader.rooms: must be a list of classes, or null for all")
        super().__init__(root, None, follow_links)
        self.rooms = None if rooms is None else tuple(rooms)

    def _files(self, found: PlacesLayout) -> Listing:
        settings = repr((self.name, found.pickles is None, self.rooms)).encode()
        if found.pickles is not None:
            places = [found.pictures, *(found.pickles / name for name in LISTS)]
            return self._listing(settings, found, places)
        lists = list(itertools.chain(*found.lists.values()))
        return self._listed_files(settings, found, lists, self._entries(found))

    def _layout(self, root: Path) -> PlacesLayout:
        return find_layout(root, self.recordings)

    def _folders(self, root: Path, split: Split) -> list[Path]:
        return [root / name for name in PICTURES] + [root]

    def _spoken_folders(self, root: Path) -> list[Path]:
        return [root / name for name in ("audio/mel", *SOUNDS)] + [root]

    def _entries(self, found: PlacesLayout) -> Sequence[Entry | Drop]:
        return listed_entries(found, self.recordings, self.rooms)
