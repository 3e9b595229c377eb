"""Small trees of clips in the layouts that people have. Clips are GIFs under the names of videos
where a test needs no video: what a file is, is told from its content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from experiments.clip.strip import to_strip
from experiments.clip.write import write_clip
from tests.clip.made import numbered

UCF = ("ApplyEyeMakeup", "YoYo")
FILMS = ("0001_American_Beauty", "0005_Chinatown", "1005_Signs")
VIDEO = "-4wsuPCjDBc"


def gif(path: Path, frames: int = 3, height: int = 12, width: int = 16) -> Path:
    """A GIF, whatever its name says; frame k of it is `made.numbered`'s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.gif")
    write_clip(numbered(frames, height, width), made)
    return made.rename(path)


def write_lines(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def ucf101(folder: Path, lists: bool = True) -> Path:
    """Two classes of four groups with two clips each; list 1 tests groups 1 and 2."""
    root = folder / "ucf"
    names = [
        f"{label}/v_{label}_g{group:02d}_c{n:02d}.avi"
        for label in UCF
        for group in (1, 2, 8, 9)
        for n in (1, 2)
    ]
    for name in names:
        gif(root / "UCF-101" / name)
    if lists:
        tested = [name for name in names if "_g01_" in name or "_g02_" in name]
        trained = [f"{n} {1 + (UCF[1] in n)}" for n in names if n not in tested]
        write_lines(root / "ucfTrainTestlist/trainlist01.txt", trained)
        write_lines(root / "ucfTrainTestlist/testlist01.txt", tested)
        write_lines(root / "ucfTrainTestlist/classInd.txt", [f"1 {UCF[0]}", f"2 {UCF[1]}"])
    return root


def kth(folder: Path) -> Path:
    """Two actions by four people (1 and 11 to train on, 2 and 22 to test on) in two scenes."""
    root = folder / "kth"
    for action in ("boxing", "handwaving"):
        for person in (1, 2, 11, 22):
            for scene in (1, 4):
                gif(root / action / f"person{person:02d}_{action}_d{scene}_uncomp.avi")
    return root


def msvd(folder: Path, lists: bool = True) -> Path:
    """Six clips of three videos, two sentences each."""
    root = folder / "msvd"
    names = [
        f"{video}_{n}_{n + 5}" for video in (VIDEO, "a_b-c_d1234", "mv89psg6zh4") for n in (5, 33)
    ]
    for name in names:
        gif(root / "YouTubeClips" / f"{name}.avi")
    said = [f"{name} a squirrel eats nut {k}" for name in names for k in range(2)]
    write_lines(
        root / "AllVideoDescriptions.txt",
        ["# English descriptions", "", *said, "gone_1_2 a man sings"],
    )
    if lists:
        for word, part in (("train", names[:3]), ("val", names[3:4]), ("test", names[4:])):
            write_lines(root / f"{word}_list.txt", part)
    return root


def tall(folder: Path, frames: int = 40) -> Path:
    """Four folders of three clips, 16 px wide, and the list of their paths; every second has a
    class."""
    root, lines = folder / "tiny", []
    for number in range(12):
        path = f"frames/{number % 4:03d}/clip_{number}.jpg"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        strip = to_strip(numbered(frames, 16, 16), "vertical")
        Image.fromarray(strip).save(root / path, quality=95)
        lines.append(path)
    write_lines(root / "golf.txt", lines)
    return root


def mpii_md(folder: Path, frames: bool = False) -> Path:
    """Three films of three clips, as AVI or as folders of JPEGs (4 a clip of 2 seconds)."""
    root, rows = folder / "mpii", []
    for film in FILMS:
        for n in range(3):
            clip = f"{film}_00.0{n}.51.500-00.0{n}.53.500"
            rows.append(f"{clip}\tSOMEONE sleeps in scene {n}.")
            if frames:
                for k, pixels in enumerate(numbered(4, 12, 16)):
                    path = root / "jpgAllFrames" / film / clip / f"{8 + k}.jpg"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(pixels).save(path, quality=95)
            else:
                gif(root / "avi" / film / f"{clip}.avi")
    write_lines(root / "annotations/annotations-someone.csv", rows)
    splits = zip(FILMS, ("training", "validation", "test"), strict=True)
    write_lines(root / "annotations/dataSplit.txt", [f"{film}\t{word}" for film, word in splits])
    return root
