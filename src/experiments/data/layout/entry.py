"""What a data set on disk lists, before any picture or caption of it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from experiments.data.layout.pickle_lists import Split
from experiments.data.record import Box

# A recording of a caption: its file relative to the root, or {"file": ..., "index": ...} of frames.
Spoken = str | dict[str, Any]
Said = str | list[str]  # captions: their file, or they themselves


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The parts of one copy of a data set; None for a part that it does not have."""

    root: Path  # what the user named
    text: Path | None = None  # the folder of caption files
    pickles: Path | None = None  # holds train/ and test/
    words: Path | None = None  # captions.pickle
    audio: Path | None = None  # the folder of recordings
    mel: Path | None = None  # the folder of frames of recordings
    written: bool = True  # whether there are captions, and not recordings alone
    lists: dict[Split, list[Path]] = field(default_factory=dict)  # of spoken captions, as JSON


@dataclass(frozen=True)
class Entry:
    """A picture of the lists. `key`: class/picture, without suffix.

    `image` is relative to `folder`. `captions`: a file in the folder of captions, or the captions
    themselves. `class_id` gives the order of the classes; a picture without one is a class of its
    own. `box` may be, in its place, what is wrong with it. `speech`: recordings by the number
    of the caption, from 0. `sound`: the record's own, its file relative to the root of the data.
    `pose`: which song, player or video it is of, within its class.
    """

    key: str
    folder: Path
    image: str
    captions: Said
    split: Split = "train"
    class_id: int | str | None = None
    class_name: str = ""
    box: Box | str | None = None
    speech: dict[int, Spoken] = field(default_factory=dict)
    sound: str = ""
    pose: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def stem_of(path: str) -> str:
    """`class/picture` of `class/picture.jpg`."""
    return path.removesuffix(PurePosixPath(path).suffix)
