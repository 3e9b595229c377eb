"""Youtubers (Duarte 2019): faces of people who speak, each with a second of their voice.

{train,test}/<name>/cropped_face_frame_<n>.png      a JPEG, whatever its name says
{train,test}/<name>/preprocessed_frame_<n>.wav      the sound about the same frame
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from experiments.data.layout.entry import Entry, stem_of
from experiments.data.layout.folder_metadata import SPLIT_WORDS
from experiments.data.layout.root import meant
from experiments.data.layout.sounds import SoundLayout, files_below, splits_of
from experiments.data.layout.sub_urmp import UNPAIRED
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import UserError

FACE = re.compile(r"(?P<before>.*)cropped_face_frame_(?P<n>.+)")
VOICE = re.compile(r"(?P<before>.*)preprocessed_frame_(?P<n>.+)")
NO_FACE = "pictures that are no cropped_face_frame"
FETCH = (
    "take the faces and voices that github.com/imatge-upc/wav2pix makes and brings of two people "
    "who agreed, as {train,test}/<name>/cropped_face_frame_<n>.png with preprocessed_frame_<n>.wav "
    "beside it, and set data.root to the folder that holds train/ and test/"
)


def find_layout(top: Path, follow_links: bool | None) -> SoundLayout:
    """Its faces, each with the voice of the same number. Raises `UserError` where there is no face
    in one of the splits."""
    found = files_below(top, follow_links)
    voices = {place: path for stem, path in found.sounds.items() if (place := _place(stem, VOICE))}
    faces = {path: _place(stem_of(path), FACE) for path in found.pictures}
    words = {path: SPLIT_WORDS.get(PurePosixPath(path).parts[0].lower(), "") for path in faces}
    splits = splits_of({word for path, word in words.items() if word and faces[path]})
    if set(splits.values()) != {"train", "test"}:
        raise UserError(
            f"data.root: no {{train,test}}/<name>/cropped_face_frame_<n>.png in {plain(top)}"
            f"{meant(top, _is_tree)}; {FETCH}"
        )
    entries: list[Entry | Drop] = []
    for path, place in faces.items():
        parts = PurePosixPath(path).parts
        if place is None:
            continue
        if not words[path] or len(parts) < 3:
            entries.append(Drop(stem_of(path), "not at <split>/<name>/"))
            continue
        video = "/".join((*parts[2:-1], place[1].strip("_- "))).strip("/")
        entries.append(
            Entry(
                *(stem_of(path), top, path, [], splits[words[path]], parts[1], parts[1]),
                sound=voices.get(place, ""),
                pose=video,
            )
        )
    counts = found.not_read.copy()
    counts[NO_FACE] = sum(place is None for place in faces.values())
    counts[UNPAIRED] = len(found.sounds) - len(voices.keys() & set(faces.values()))
    return SoundLayout(root=top, entries=entries, not_read=dict(+counts))


def _place(stem: str, name: re.Pattern[str]) -> tuple[str, str, str] | None:
    """The folder, what stands before the name, and the number of the frame."""
    path = PurePosixPath(stem)
    match = name.fullmatch(path.name)
    return match and (path.parent.as_posix(), match["before"], match["n"])


def _is_tree(folder: Path) -> bool:
    return (folder / "train").is_dir() and (folder / "test").is_dir()
