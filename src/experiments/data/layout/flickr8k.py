"""Where the parts of Flickr8k (Hodosh 2013) and its spoken captions (Harwath 2015) lie."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from experiments.data.layout.caption_files import MAX_CAPTIONS
from experiments.data.layout.entry import Entry, Layout, Spoken, stem_of
from experiments.data.layout.pickle_lists import SPLITS, Split, filenames, lists_folder
from experiments.data.layout.recordings import recordings_below
from experiments.data.layout.root import first_folder, holds
from experiments.data.record import Drop
from experiments.file.bounded import read_bounded
from experiments.terminal.error import UserError

PICTURES = (
    *("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset"),  # the third is no slip of ours
    *("Flickr8k_Dataset/Flicker8k_Dataset", "Flickr8k/images"),
)
AUDIO, MEL = ("flickr_audio/wavs", "wavs"), ("flickr_audio/mel", "mel")
TEXTS = ("", "Flickr8k_text", "flickr8k_text", "text")
TOKENS, TABLE = "Flickr8k.token.txt", "captions.txt"  # the second is of Kaggle
MAPPING = "wav2capt.txt"
SPLIT_LISTS: dict[Split, tuple[str, ...]] = {
    "train": ("Flickr_8k.trainImages.txt", "Flickr_8k.devImages.txt"),
    "test": ("Flickr_8k.testImages.txt",),
}
MAX_TEXT = 50_000_000  # bytes; the captions have 3 million
_TOKEN = re.compile(r"(?P<image>[^\t#]{1,300})#(?P<number>\d{1,3})\t(?P<text>.*)")
_MAPPED = re.compile(r"(?P<wav>\S{1,300}) (?P<image>\S{1,300}) #(?P<number>\d{1,3})")
FETCH = (
    "fetch Flickr8k_Dataset.zip and Flickr8k_text.zip (Hodosh et al. 2013), and the spoken "
    "captions flickr_audio.tar.gz (groups.csail.mit.edu/sls/downloads/flickraudio), unpack them to "
    "one folder as Flicker8k_Dataset/, Flickr8k_text/ and flickr_audio/, and set data.root to it"
)


@dataclass(frozen=True, kw_only=True)
class FlickrLayout(Layout):
    """The parts of one copy of Flickr8k."""

    pictures: Path
    captions: Path  # Flickr8k.token.txt or captions.txt
    mapping: Path | None  # wav2capt.txt
    splits: dict[Split, list[Path]]  # unless there are pickles


def find_layout(top: Path) -> FlickrLayout:
    """Look for every part in the root. Raises `UserError` where pictures, captions or the split
    are not there."""
    pictures = next((top / name for name in PICTURES if holds(top / name, ".jpg")), None)
    if pictures is None:
        raise UserError(f"data.root: no Flicker8k_Dataset/*.jpg and no images/ in {top}; {FETCH}")
    bases = [top / name for name in TEXTS]
    captions = _file([base / name for name in (TOKENS, TABLE) for base in bases])
    if captions is None:
        raise UserError(f"data.root: no {TOKENS} in {top}; {FETCH}")
    pickles = lists_folder([top])
    lists = {
        split: [p for name in names if (p := _file([base / name for base in bases]))]
        for split, names in SPLIT_LISTS.items()
    }
    if pickles is None and not all(lists.values()):
        lost = next(names[0] for split, names in SPLIT_LISTS.items() if not lists[split])
        raise UserError(f"data.root: no {lost} in {top}; {FETCH}")
    audio = first_folder([top], AUDIO)
    mapping = None if audio is None else _file([audio.parent / MAPPING, audio / MAPPING])
    return FlickrLayout(
        root=top,
        pickles=pickles,
        audio=audio,
        mel=first_folder([top], MEL),
        pictures=pictures,
        captions=captions,
        mapping=mapping,
        splits=lists,
    )


def _file(paths: list[Path]) -> Path | None:
    return next(filter(Path.is_file, paths), None)


def listed_entries(found: FlickrLayout) -> list[Entry | Drop]:
    """The pictures of the lists, each a class of its own; others are in no split."""
    said = read_captions(found.captions)
    entries: list[Entry | Drop] = []
    for split in SPLITS:
        if found.pickles is not None:
            names = [f"{stem_of(name)}.jpg" for name in filenames(found.pickles, split)]
        else:
            lines = [line for path in found.splits[split] for line in _lines(path)]
            names = [line.strip() for line in lines if line.strip()]
        for name in names:
            captions = said.get(name, {})
            texts = [captions.get(k, "") for k in range(max(captions, default=-1) + 1)]
            entries.append(Entry(stem_of(name), found.pictures, f"./{name}", texts, split))
    return entries


def read_captions(path: Path) -> dict[str, dict[int, str]]:
    """Captions by the name of the picture and their number from 0."""
    said: dict[str, dict[int, str]] = {}
    if path.name == TABLE:
        try:
            rows = list(csv.reader(io.StringIO("\n".join(_lines(path)))))
        except csv.Error:
            raise UserError(f"{path}: no table of image,caption; fetch it again") from None
        if not rows or rows[0] != ["image", "caption"]:
            raise UserError(f"{path}: does not begin with image,caption; fetch it again")
        for row in rows[1:]:
            if len(row) == 2 and len(said.get(row[0], ())) < MAX_CAPTIONS:
                own = said.setdefault(row[0], {})
                own[len(own)] = row[1]
        return said
    for line in _lines(path):
        match = _TOKEN.fullmatch(line)
        if match:
            said.setdefault(match["image"], {})[int(match["number"])] = match["text"]
    if not said:
        raise UserError(f"{path}: no line `picture.jpg#0<tab>caption`; fetch it again")
    return said


def recordings(found: FlickrLayout, keys: list[str], follow: bool) -> dict[str, dict[int, Spoken]]:
    """What there is, by key and number: `<picture>_<k>.wav`, or as `wav2capt.txt` says."""
    by_name = recordings_below(found.root, found.audio, found.mel, keys, follow, first=0)
    if found.mapping is None or found.audio is None:
        return by_name
    inner = found.audio.relative_to(found.root).as_posix()
    by_map: dict[str, dict[int, Spoken]] = {}
    there = {path: 1 for own in by_name.values() for path in own.values() if isinstance(path, str)}
    for line in _lines(found.mapping):
        match = _MAPPED.fullmatch(line.strip())
        path = f"{inner}/{match['wav']}" if match else ""
        if match and path in there:
            by_map.setdefault(stem_of(match["image"]), {})[int(match["number"])] = path
    frames: dict[str, dict[int, Spoken]] = {
        key: {k: spoken for k, spoken in own.items() if isinstance(spoken, dict)}
        for key, own in by_name.items()
    }
    return {key: frames.get(key, {}) | by_map.get(key, {}) for key in {*frames, *by_map}}


def _lines(path: Path) -> list[str]:
    return read_bounded(path, MAX_TEXT).decode("utf-8-sig", "surrogateescape").splitlines()
