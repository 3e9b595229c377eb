"""The one record that every data set is turned into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from experiments.terminal.error import UserError

SOUND = "sound"
CLIP = "clip"
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Record:
    """One thing, and what there is of it: a picture, captions, and whatever other views need.

    `key` is unique in the data set and safe in a file name's stem (`001.Albatross/img_1`).
    `image` is a path relative to the root, empty where the picture is rendered. `box` is (x, y,
    width, height) in pixels. `mentions[k]` names the attributes that caption k states; it is empty
    where attributes are unknown. `more` is what other views find it by, as JSON under their names:
    {"speech": ["a/0.wav", "a/1.wav"]}.
    """

    key: str
    captions: tuple[str, ...]  # none where the data set has no captions
    label: int
    split: Literal["train", "test"]
    image: str = ""
    box: Box | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    mentions: tuple[tuple[str, ...], ...] = ()
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """A record that cannot be used, and the reason in a few words.

    `of`: where it is but one caption (`<key>#<number>`), the key of its record; else empty.
    """

    key: str
    reason: str
    of: str = field(default="", compare=False)


class Reader(Protocol):
    """What a data set offers. Readers pickle, import no torch, and know nothing of training.

    One that lacks pictures or captions, or has sounds, says what its records have by an attribute
    `has`; see `has_of`. Other views ask it what they need by methods of their own
    (`StoredView.items`): sounds by `sound(record)`, which gives a file, or a wave (N,) float32 in
    [-1, 1] and its rate in Hz, or None where the record has none; `heard_attributes()` names the
    attributes that a sound tells. What pairs of one class differ in is `Record.more["pose"]`.
    Clips come by `clip(record)`, which gives a video file, or frames uint8 (T, H, W, C) with C 1 or
    3 and their rate in frames a second; `moving_attributes()` names the attributes that only a clip
    shows. The image of a record with a clip is its first frame, where the set says nothing else.
    """

    name: str

    def check(self) -> None:
        """Raise `UserError` where the data cannot be found: what to fetch and where to put it."""

    def fingerprint(self) -> str:
        """What identifies the content: settings, and names, sizes and times of the files."""

    def read(self) -> Iterator[Record | Drop]:
        """Every record in a fixed order, and in place of each unusable one why it was dropped."""

    def image(self, record: Record, size: int) -> np.ndarray:
        """The crop as uint8 (size, size, 3). Raises `BadInput` for one that cannot be used."""

    def class_names(self) -> list[str]:
        """Names by label. Valid after `read` has been consumed."""

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """The values that each attribute can take, in a fixed order; empty where unknown."""
        return {}

    def words(self) -> list[str] | None:
        """A vocabulary that comes with the data, in index order, or None to build one."""
        return None


def has_of(reader: object) -> tuple[str, ...]:
    """What records of a reader have, of "picture", "caption", "sound" and "clip": the first two
    where it does not say."""
    found: tuple[str, ...] = getattr(reader, "has", ("picture", "caption"))
    return found


def classes_of(reader: Reader) -> int:
    """How many classes there are, once all records are read. A reader of very many records, each of
    them a class of its own, counts them by `own_classes` and names none: 0 where it does not."""
    own: int = getattr(reader, "own_classes", 0)
    return own or len(reader.class_names())


def told_of(reader: object, name: str) -> tuple[str, ...]:
    """What a reader says of its attributes by a method that it need not have, as
    `heard_attributes`, those that a sound tells, or `moving_attributes`, those that a clip shows
    and no picture of it."""
    found = getattr(reader, name, None)
    return () if found is None else tuple(found())


def require_sounds(reader: object, name: str) -> None:
    """Raise `UserError` for data whose records have no sounds."""
    if SOUND not in has_of(reader):
        raise UserError(
            f"data: {name} has no sounds; choose another data set, as data=plumage_song"
        )


def require_clips(reader: object, name: str) -> None:
    """Raise `UserError` for data whose records have no clips."""
    if CLIP not in has_of(reader):
        raise UserError(
            f"data: {name} has no clips; choose another data set, as data=plumage_clips"
        )
