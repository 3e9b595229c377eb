"""Small trees of pictures with sounds, in the layouts that people have."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from drawn import BLUE, GREEN, draw

from tests.data.spoken import write_wave

INSTRUMENTS = ("cello", "double_bass", "violin")
META = "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"
PEOPLE = (
    ("id10001", "A.J._Buckley", "m", "Ireland", "dev"),
    ("id10002", "Zoë_Ball", "f", "UK", "dev"),
    ("id10270", "Eartha_Kitt", "f", "USA", "test"),
)


def pair(picture: Path, sound: Path, tone: int = 1) -> None:
    draw(picture, GREEN, (24, 16))
    write_wave(sound, tone)


def sub_urmp(folder: Path) -> Path:
    """Of each instrument two songs to train on, one in validation; three moments each."""
    root = folder / "Sub-URMP"
    for instrument in INSTRUMENTS:
        for split, songs in (("train", (1, 12)), ("validation", (30,))):
            for song in songs:
                for t in range(3):
                    name = f"{split}/{instrument}/{instrument}_{song:02d}_{t}"
                    pair(root / f"img/{name}.jpg", root / f"chunk/{name}.wav", t + 1)
    return root


def face(root: Path, split: str, name: str, n: int) -> None:
    """A JPEG, which is called a PNG, and the sound of the same number."""
    here = root / split / name
    write_wave(here / f"preprocessed_frame_{n}.wav", n)
    draw(here / "x.jpg", BLUE, (23, 23))
    (here / "x.jpg").rename(here / f"cropped_face_frame_{n}.png")


def youtubers(folder: Path) -> Path:
    root = folder / "youtubers"
    for name in ("ann", "bo"):
        for n in (7, 8, 9):
            face(root, "train", name, n)
        face(root, "test", name, 10)
    return root


def inis(folder: Path, recordings: Sequence[str] = ("a", "b", "c")) -> Path:
    """Two classes, of each recording three moments; no split."""
    root = folder / "inis"
    for label in ("drum", "piano"):
        for recording in recordings:
            for n in range(3):
                here = root / label / f"{label}_{recording}_{n:03d}"
                pair(here.with_suffix(".jpg"), here.with_suffix(".wav"), n + 1)
    return root


def voxceleb1(folder: Path) -> Path:
    """Of each person two videos with two tracks of five frames and two clips each."""
    root = folder / "vox1"
    rows = ["\t".join(row) for row in PEOPLE]
    root.mkdir(parents=True)
    (root / "vox1_meta.csv").write_text("\n".join([META, *rows, ""]), encoding="utf-8")
    for person, name, *_ in PEOPLE:
        for video in ("1zcIwhmdeo4", "7gWzIy6yIIk"):
            for track in (1, 2):
                write_wave(root / f"wav/{person}/{video}/{track:05d}.wav", track)
                for frame in range(5):
                    inner = f"{name}/1.6/{video}/{track}/{frame:07d}.jpg"
                    draw(root / "unzippedIntervalFaces/data" / inner, BLUE, (20, 20))
    return root


def moved(root: Path, *names: str) -> None:
    """Folders of the root to another disk, links in their place."""
    for name in names:
        away = root.with_name(f"{root.name}-away") / name
        away.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(root / name, away)
        (root / name).symlink_to(away)
