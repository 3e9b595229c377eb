"""Sub-URMP (Chen 2017): frames of people who play an instrument, each with half a second of it.

img/{train,validation}/<instrument>/<instrument>_<song>_<t>.jpg
chunk/{train,validation}/<instrument>/<the same>.wav
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from experiments.data.layout.entry import Entry, stem_of
from experiments.data.layout.folder_metadata import SPLIT_WORDS
from experiments.data.layout.root import meant
from experiments.data.layout.sounds import SoundLayout, files_below, splits_of
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import UserError

PICTURES, SOUNDS = "img", "chunk"
UNPAIRED = "sounds without a picture"
FETCH = (
    "fetch Sub-URMP (Chen et al. 2017, www.cs.rochester.edu/~cxu22/d/vagan), unpack it to one "
    "folder as img/{train,validation}/ and chunk/{train,validation}/, and set data.root to it"
)


def find_layout(top: Path, follow_links: bool | None) -> SoundLayout:
    """Its pictures, each with the chunk of the same place and name. Raises `UserError` where one of
    the four folders is not there."""
    if not _is_tree(top):
        raise UserError(
            f"data.root: no img/train/ with chunk/train/ in {plain(top)}"
            f"{meant(top, _is_tree)}; {FETCH}"
        )
    pictures, chunks = (files_below(top / name, follow_links) for name in (PICTURES, SOUNDS))
    words = {path: _split_word(path) for path in pictures.pictures}
    splits = splits_of({word for word in words.values() if word})
    if "test" not in splits.values():
        raise UserError(f"data.root: no pictures in img/validation/ of {plain(top)}; {FETCH}")
    entries: list[Entry | Drop] = []
    for path, word in words.items():
        key = stem_of(path)
        if not word:
            entries.append(Drop(key, "not at <split>/<instrument>/<name>"))
            continue
        label, sound = PurePosixPath(path).parts[1], chunks.sounds.get(key)
        entries.append(
            Entry(
                *(key, top / PICTURES, path, [], splits[word], label, label),
                sound="" if sound is None else f"{SOUNDS}/{sound}",
                pose=song_of(label, PurePosixPath(key).name),
            )
        )
    counts = pictures.not_read + chunks.not_read
    counts[UNPAIRED] = len(chunks.sounds.keys() - {stem_of(path) for path in words})
    return SoundLayout(
        root=top,
        entries=entries,
        not_read=dict(+counts),
    )


def song_of(instrument: str, name: str) -> str:
    """The song, which one person plays, of `<instrument>_<song>_<t>`; the whole name where it is
    otherwise."""
    song = name.removeprefix(f"{instrument}_").rpartition("_")[0]
    return song or name


def _split_word(path: str) -> str:
    """train, validation or test; nothing for a picture at another place."""
    parts = PurePosixPath(path).parts
    return SPLIT_WORDS.get(parts[0].lower(), "") if len(parts) == 3 else ""


def _is_tree(folder: Path) -> bool:
    return all((folder / name / "train").is_dir() for name in (PICTURES, SOUNDS))
