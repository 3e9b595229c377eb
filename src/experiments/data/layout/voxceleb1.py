"""VoxCeleb1 (Nagrani 2017): people who are interviewed, their faces and their voices.

wav/<id>/<video>/<n>.wav
unzippedIntervalFaces/data/<name>/1.6/<video>/<track>/<frame>.jpg
vox1_meta.csv      tab separated: VoxCeleb1 ID, VGGFace1 ID, Gender, Nationality, Set
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from experiments.data.layout.entry import Entry, stem_of
from experiments.data.layout.root import meant
from experiments.data.layout.sounds import SoundLayout, files_below
from experiments.data.layout.sub_urmp import UNPAIRED
from experiments.data.layout.voxceleb1_people import (
    META,
    Person,
    add_labels,
    read_people,
)
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import UserError

FACES, VOICES = "unzippedIntervalFaces/data", "wav"
SCALE = "1.6"  # of the crop about a face
OTHER_FRAMES = "frames beyond data.reader.frames"
OTHER_SCALES = "pictures that are not at <name>/1.6/<video>/<track>/"
FETCH = (
    "register for VoxCeleb1 (www.robots.ox.ac.uk/~vgg/data/voxceleb/vox1.html), unpack its audio "
    "as wav/<id>/<video>/, its cropped faces as unzippedIntervalFaces/data/<name>/1.6/<video>/ and "
    f"{META} into one folder, and set data.root to it"
)
Tracks = dict[tuple[str, str, str], list[str]]  # frames by name, video and track


def find_layout(
    top: Path, follow_links: bool | None, frames: int, labels: Path | None
) -> SoundLayout:
    """Faces, of each track so many `frames`, with a voice each. `labels`: a table of the user with
    more attributes of people. Raises `UserError` where a part is missing or says nothing."""
    if not _is_tree(top):
        raise UserError(
            f"data.root: no {FACES}/ with wav/ and {META} in {plain(top)}"
            f"{meant(top, _is_tree)}; {FETCH}"
        )
    entries: list[Entry | Drop] = []
    people = read_people(top / META, entries)
    tables = [top / META]
    strangers = 0
    if labels is not None:
        tables.append(labels)
        people, strangers = add_labels(people, labels)
    faces, voices = (files_below(top / name, follow_links) for name in (FACES, VOICES))
    tracks = _tracks(faces.pictures)
    clips = _clips(voices.sounds)
    by_video = _paired(tracks, clips, people)
    for (name, video, track), found in tracks.items():
        person = people.get(name)
        for path in _spread(found, frames):
            if person is None:
                entries.append(Drop(stem_of(path), f"name is not in {META}"))
                continue
            sound = by_video.get((name, video, track))
            entries.append(
                Entry(
                    *(stem_of(path), top / FACES, path, [], person.split, person.id, name),
                    sound="" if sound is None else f"{VOICES}/{sound}",
                    pose=video,
                    attributes=dict(person.attributes),
                )
            )
    counts = faces.not_read + voices.not_read
    counts[OTHER_FRAMES] = sum(max(0, len(found) - frames) for found in tracks.values())
    counts[OTHER_SCALES] = len(faces.pictures) - sum(map(len, tracks.values()))
    counts[UNPAIRED] = len(voices.sounds) - len(set(by_video.values()))
    counts["labels of nobody in the data"] = strangers
    return SoundLayout(
        root=top,
        entries=entries,
        tables=tuple(tables),
        not_read=dict(+counts),
    )


def _tracks(pictures: Sequence[str]) -> Tracks:
    found = defaultdict[tuple[str, str, str], list[str]](list)
    for path in pictures:
        parts = PurePosixPath(path).parts
        if len(parts) == 5 and parts[1] == SCALE:
            found[parts[0], parts[2], parts[3]].append(path)
    return dict(sorted(found.items()))


def _clips(sounds: Mapping[str, str]) -> dict[str, dict[str, dict[str, str]]]:
    """Paths by the voice's id, the video and the clip's number, in the order of their names."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for stem, path in sounds.items():
        parts = PurePosixPath(stem).parts
        if len(parts) == 3:
            found.setdefault(parts[0], {}).setdefault(parts[1], {})[_number(parts[2])] = path
    return found


def _paired(
    tracks: Tracks,
    clips: Mapping[str, Mapping[str, Mapping[str, str]]],
    people: Mapping[str, Person],
) -> dict[tuple[str, str, str], str]:
    """A clip of each track, the same every time: of the same person and video that of the track's
    number, else the next of the video in turn; where the video has none, the next of the person's.
    """
    found: dict[tuple[str, str, str], str] = {}
    for name, own in itertools.groupby(tracks, key=lambda place: place[0]):
        of_person = clips.get(people[name].id, {}) if name in people else {}
        every = [path for video in of_person.values() for path in video.values()]
        elsewhere = itertools.cycle(every)
        for video, places in itertools.groupby(own, key=lambda place: place[1]):
            there = of_person.get(video, {})
            turns = itertools.cycle(there.values()) if there else elsewhere
            for place in places:
                clip = there.get(_number(place[2])) or next(turns, None)
                if clip is not None:
                    found[place] = clip
    return found


def _number(name: str) -> str:
    """00007 and 7 are one number."""
    return name.lstrip("0") or "0"


def _spread(frames: Sequence[str], count: int) -> list[str]:
    """So many of a track's frames, at equal distances: of one, that in the middle."""
    count = min(count, len(frames))
    return [frames[(2 * k + 1) * len(frames) // (2 * count)] for k in range(count)]


def _is_tree(folder: Path) -> bool:
    return (folder / FACES).is_dir() and (folder / VOICES).is_dir() and (folder / META).is_file()
