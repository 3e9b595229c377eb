"""Whole data sets of pictures with sounds in every layout, made as the others are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.data.reader.folder import Folder
from experiments.data.reader.inis import Inis
from experiments.data.reader.sub_urmp import SubURMP
from experiments.data.reader.voxceleb1 import VoxCeleb1
from experiments.data.reader.youtubers import Youtubers
from experiments.data.record import Reader
from tests.data.spoken import write_wave
from tests.hostile.layouts import COUNT, Layout, lines_of, picture, write

SAMPLES = 1102  # 50 ms
META = "vox1_meta.csv"
FACES = "unzippedIntervalFaces/data"


def _pair(root: Path, image: str, sound: str, number: int) -> None:
    write(root / image, picture(number))
    write_wave(root / sound, number % 9 + 1, SAMPLES)


def _sub_urmp(root: Path) -> dict[str, str]:
    found = {}
    for number in range(COUNT):
        instrument = ("oboe", "double_bass")[number % 2]
        split = "validation" if number % 6 > 3 else "train"
        key = f"{split}/{instrument}/{instrument}_{number % 5}_{number}"
        found[key] = f"img/{key}.jpg"
        _pair(root, found[key], f"chunk/{key}.wav", number)
    return found


def _inis(root: Path) -> dict[str, str]:
    found = {}
    for number in range(COUNT):
        label = ("drum", "piano")[number % 2]
        key = f"{label}/{label} {number % 10}_{number:03d}"
        found[key] = f"{key}.jpg"
        _pair(root, found[key], f"{key}.wav", number)
    return found


def _youtubers(root: Path) -> dict[str, str]:
    """Faces called PNG that are JPEG, as they are published."""
    found = {}
    for number in range(COUNT):
        here = f"{'test' if number % 6 == 5 else 'train'}/person {number % 2}"
        key = f"{here}/cropped_face_frame_{number}"
        found[key] = f"{key}.png"
        _pair(root, found[key], f"{here}/preprocessed_frame_{number}.wav", number)
    return found


def _voxceleb1(root: Path) -> dict[str, str]:
    found, rows = {}, ["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"]
    for person in range(12):
        part = "test" if person > 9 else "dev"
        rows.append(f"id{person}\tSome_One{person}\t{'mf'[person % 2]}\tUK\t{part}")
    for number in range(COUNT):
        person = number % 12
        key = f"Some_One{person}/1.6/video{number % 2}/{number}/0000001"
        found[key] = f"{FACES}/{key}.jpg"
        _pair(root, found[key], f"wav/id{person}/video{number % 2}/{number:05d}.wav", number)
    write(root / META, lines_of(rows))
    return found


def _folder(root: Path) -> dict[str, str]:
    found = {}
    for number in range(COUNT):
        key = f"kind{number % 6}/bird {number}"
        found[key] = f"{key}.jpg"
        _pair(root, found[key], f"{key}.wav", number)
    return found


def _voice(key: str) -> str:
    return key.replace("cropped_face", "preprocessed") + ".wav"


def _clip(key: str) -> str:
    name, _, video, track, _ = key.split("/")
    return f"wav/{name.replace('Some_One', 'id')}/{video}/{int(track):05d}.wav"


def _asked(reader: Any) -> Reader:
    reader.sounds = True
    opened: Reader = reader
    return opened


SOUNDED = {
    layout.name: layout
    for layout in (
        Layout(
            "sub_urmp",
            _sub_urmp,
            lambda root: SubURMP(str(root)),
            sound=lambda key: f"chunk/{key}.wav",
        ),
        Layout("inis", _inis, lambda root: Inis(str(root)), sound=lambda key: f"{key}.wav"),
        Layout("youtubers", _youtubers, lambda root: Youtubers(str(root)), sound=_voice),
        Layout(
            "voxceleb1",
            _voxceleb1,
            lambda root: VoxCeleb1(str(root)),
            lists=(META,),
            files=(META,),
            sound=_clip,
        ),
        Layout(
            "folder_sounds",
            _folder,
            lambda root: _asked(Folder(str(root))),
            sound=lambda key: f"{key}.wav",
        ),
    )
}
