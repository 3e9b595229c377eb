"""Where the parts of Places with spoken captions (Harwath 2016) lie, in the folders people have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from experiments.data.layout.entry import Entry, Layout
from experiments.data.layout.pickle_lists import SPLITS, filenames, lists_folder
from experiments.data.layout.root import first_folder
from experiments.data.layout.spoken_lists import Spelt, list_files, spoken_entries
from experiments.data.record import Drop
from experiments.terminal.error import UserError

PICTURES = ("images", "images256", "data/images", "images/images256")
SOUNDS = ("audio/wav", "wavs", "audio", "audios")
MEL = ("audio/mel",)
FETCH = (
    "register for Places audio captions (groups.csail.mit.edu/sls/downloads/placesaudio), fetch "
    "the pictures of Places205 (places.csail.mit.edu), put both into one folder as images/, wavs/ "
    "and metadata/{train,val}.json, and set data.root to it"
)


@dataclass(frozen=True, kw_only=True)
class PlacesLayout(Layout):
    """The parts of one copy of Places."""

    pictures: Path | None


def find_layout(top: Path, heard: bool) -> PlacesLayout:
    """Look for every part in the root. `heard`: a copy without captions (S2IGAN's) will do.

    Raises `UserError` where the lists are not there.
    """
    lists = list_files(top)
    pictures, mel = first_folder([top], PICTURES), first_folder([top], MEL)
    audio = first_folder([top], SOUNDS if lists else SOUNDS[:1])
    pickles = lists_folder([top]) if lists is None else None
    if lists is None and pickles is None:
        raise UserError(f"data.root: no metadata/train.json with val.json in {top}; {FETCH}")
    if pickles is not None and not (heard and pictures and (audio or mel)):
        what = "images/ and audio/" if heard else "captions, only recordings"
        raise UserError(f"data.root: no {what} in {top}, which has no metadata/*.json; {FETCH}")
    return PlacesLayout(
        root=top,
        pickles=pickles,
        audio=audio,
        mel=mel,
        written=lists is not None,
        lists=lists or {},
        pictures=pictures,
    )


def class_of(image: str) -> str:
    """The class of `b/bedroom/x.jpg`, `bedroom/x.jpg` and `c/church/outdoor/x.jpg`."""
    parts = PurePosixPath(image).parent.parts
    return "/".join(parts[1:] if parts and len(parts[0]) == 1 else parts)


def listed_entries(
    found: PlacesLayout, heard: bool, rooms: Sequence[str] | None
) -> list[Entry | Drop]:
    """The pictures of the lists that are of these classes. Raises `UserError` where a split has
    none."""
    if found.lists:
        made = spoken_entries(found, PICTURES, SOUNDS, heard, _named)
    else:
        made = _pickled(found)
    entries: list[Entry | Drop] = []
    for split in SPLITS:
        own = [entry for entry in made if isinstance(entry, Entry) and entry.split == split]
        chosen = [entry for entry in own if rooms is None or entry.class_name in rooms]
        if own and not chosen:
            raise UserError(
                f"data.reader.rooms: none of {', '.join(rooms or ())} is a class of the {split} "
                f"split in {found.root}; null takes all"
            )
        entries += chosen
    return [*(entry for entry in made if isinstance(entry, Drop)), *entries]


def _pickled(found: PlacesLayout) -> list[Entry | Drop]:
    """The pictures of S2IGAN's lists, which have recordings alone."""
    assert found.pickles is not None and found.pictures is not None
    entries: list[Entry | Drop] = []
    for split in SPLITS:
        for name in filenames(found.pickles, split):
            label = class_of(name)
            image = f"./{name}.jpg"
            entries.append(Entry(name, found.pictures, image, [], split, label or None, label))
    return entries


def _named(item: Spelt) -> tuple[str, str]:
    label = class_of(item.image)
    return label, f"{label}/{PurePosixPath(item.image).stem}" if label else item.image
