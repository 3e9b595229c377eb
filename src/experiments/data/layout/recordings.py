"""Recordings of captions as they lie on disk, and which caption each of them says.

    audio/<class>/<picture>/<k>.wav     a folder for each picture (S2IGAN, Wang 2020)
    audio/<class>/<picture>_<k>.wav     or none (Li 2020)
    audio_mel/<class>/<picture>.npy     frames that the set brings, of all captions of a picture

Captions count from 0; in a copy that has no number 0 they count from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from experiments.data.layout.entry import Entry, Spoken
from experiments.data.layout.npy import count_of, frames_of
from experiments.data.layout.root import picture_below
from experiments.data.layout.walk import found_below
from experiments.terminal.error import BadInput

SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
FRAMES = ".npy"
_NUMBER = re.compile(r"(?:(?P<name>.*)_)?0*(?P<number>\d{1,4})")
By = dict[str, dict[int, Spoken]]  # recordings by the key of a picture and the number of a caption


def is_sound(name: str) -> bool:
    """Whether the name is that of a recording, in any case of letters."""
    return PurePosixPath(name).suffix.lower() in SOUNDS


def recordings_below(
    root: Path,
    audio: Path | None,
    mel: Path | None,
    keys: Iterable[str],
    follow: bool,
    first: int | None = None,
) -> By:
    """What there is for the pictures of these keys; paths are relative to `root`. A recording is
    taken before frames, which only one front-end could have made. `first`: the number that the
    first caption has, where that is known."""
    wanted = frozenset(keys)
    found = _sounds(root, audio, wanted, follow, first)
    for key, path in _frames(mel, wanted, follow).items():
        assert mel is not None
        own = found.setdefault(key, {})
        try:
            count = count_of(mel / path)
        except BadInput:  # said again by whoever opens it
            count = 1
        file = (mel / path).relative_to(root).as_posix()
        for number in range(count):
            own.setdefault(number, {"file": file, "index": number})
    return found


def opened(
    root: Path, folders: Iterable[Path], spoken: Spoken | None, follow: bool
) -> Path | np.ndarray | None:
    """The file of a recording, or frames (T, 40) float32; None where there is none.

    Nothing leads out of the folders, which may be links to another disk, unless `follow`. Raises
    `BadInput` for what cannot be used.
    """
    if spoken is None:
        return None
    if isinstance(spoken, str):
        return picture_below(root, folders, spoken, follow)
    file, index = spoken.get("file"), spoken.get("index")
    if not isinstance(file, str) or type(index) is not int:
        raise BadInput("recording is neither a file nor frames of one")
    return frames_of(picture_below(root, folders, file, follow), index)


def said_of(entry: Entry) -> list[str]:
    """What stands for captions that nobody wrote: the words of the class's name, for each of the
    recordings, or once where there is none."""
    number, dot, name = entry.class_name.partition(".")
    name = name if dot and number.isdigit() else entry.class_name
    count = max(entry.speech, default=0) + 1
    return [" ".join(re.split(r"[\W_]+", name)).strip() or "a picture"] * count


def _sounds(
    root: Path, audio: Path | None, keys: frozenset[str], follow: bool, first: int | None
) -> By:
    found: By = {}
    if audio is None:
        return found
    for inner in sorted(filter(is_sound, found_below(audio, follow).files), key=by_format):
        pure = PurePosixPath(inner)
        match = _NUMBER.fullmatch(pure.stem)
        if match is None:
            continue
        beside = (pure.parent / (match["name"] or "")).as_posix()
        key = next((key for key in (pure.parent.as_posix(), beside) if key in keys), None)
        if key is not None:
            path = (audio / inner).relative_to(root).as_posix()
            found.setdefault(key, {}).setdefault(int(match["number"]), path)
    if first == 0 or any(0 in numbers for numbers in found.values()):
        return found
    return {key: {k - 1: path for k, path in own.items()} for key, own in found.items()}


def by_format(inner: str) -> tuple[int, str]:
    """To sort by: of one recording in two formats the first of `SOUNDS` is taken."""
    return SOUNDS.index(PurePosixPath(inner).suffix.lower()), inner


def _frames(mel: Path | None, keys: frozenset[str], follow: bool) -> Mapping[str, str]:
    if mel is None:
        return {}
    files = (name for name in found_below(mel, follow).files if name.endswith(FRAMES))
    return {stem: f"{stem}{FRAMES}" for stem in map(_without, files) if stem in keys}


def _without(name: str) -> str:
    return name.removesuffix(FRAMES)
