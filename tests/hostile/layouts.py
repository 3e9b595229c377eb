"""Whole data sets in every published layout, of 120 pictures each, made in milliseconds.

A broken record among 120 is less than the hundredth that a data set may lose, so one case can be
accepted with its drop counted. `write` makes a data set once; `place` links a copy of it, in which
a case then puts its file in place of another.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from experiments.data.reader.coco import Coco
from experiments.data.reader.cub import Cub
from experiments.data.reader.folder import Folder
from experiments.data.reader.oxford102 import Oxford102
from experiments.data.reader.stamps import Stamps
from experiments.data.record import Reader
from tests.data.cub_tree import python2_pickle, write_cub_tree

COUNT = 120
BIRDS = ("001.Black_footed_Albatross", "002.Laysan_Albatross", "006.Least_Auklet", "010.Red_Bird")
CUB = "CUB_200_2011"
HUB = "birdsong/owner--name--main"
Say = Callable[[Path, str, list[bytes]], None]


@dataclass(frozen=True)
class Layout:
    """write: makes the data set, and gives the path of each picture by its key.
    opened: its reader. say: lets a picture have these captions. boxes, lists: files of lines.
    files: every other file of metadata, which cases put their own in the place of. sound: where
    that of a picture is, by its key."""

    name: str
    write: Callable[[Path], dict[str, str]]
    opened: Callable[[Path], Reader]
    say: Say | None = None
    boxes: str = ""
    lists: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    sound: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Placed:
    """A copy of a data set that a case may change."""

    layout: Layout
    root: Path
    pictures: dict[str, str] = field(repr=False)

    def picture(self, key: str) -> Path:
        return self.root / self.pictures[key]


def place(layout: Layout, made: Path, root: Path) -> Placed:
    """A copy of the data set below `root`, made of links; `made` holds the originals."""
    original = made / layout.name
    listed = made / f"{layout.name}.json"
    if not listed.exists():
        original.mkdir(parents=True)
        listed.write_text(json.dumps(layout.write(original)))
    shutil.copytree(original, root, copy_function=os.link)
    return Placed(layout, root, json.loads(listed.read_text()))


def replace(path: Path, content: bytes) -> None:
    """Write a file in place of a link, which stays whole for others."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def captions(number: int, count: int = 2) -> list[str]:
    return [f"bird {number} says word{k}" for k in range(count)]


def picture(number: int, kind: str = "JPEG", side: int = 12) -> bytes:
    image = Image.new("RGB", (side, side), (number * 2, 255 - number, 90))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def lines_of(texts: list[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def _cub(root: Path, layout: Any) -> dict[str, str]:
    pictures = [
        (Image.new("RGB", (24, 18), (k, 90, 9)), captions(k, 10), BIRDS[k % 4])
        for k in range(COUNT)
    ]
    write_cub_tree(root, pictures, layout)
    images = root / CUB / "images"
    found = sorted(path.relative_to(images).as_posix() for path in images.rglob("*.jpg"))
    return {name.removesuffix(".jpg"): f"{CUB}/images/{name}" for name in found}


def cub_pickled(root: Path) -> dict[str, str]:
    found = _cub(root, "attngan")
    shutil.rmtree(root / "text")
    return found


def _oxford(root: Path, pickles: bool) -> dict[str, str]:
    found, names = {}, {"train": [], "test": []}  # type: dict[str, str], dict[str, list[str]]
    for number in range(1, COUNT + 1):
        label = (1, 77, 102)[number % 3]
        key, image = f"class_{label:05d}/image_{number:05d}", f"jpg/image_{number:05d}.jpg"
        write(root / image, picture(number))
        write(root / "text_c10" / f"{key}.txt", lines_of(captions(number)))
        names["test" if label == 102 else "train"].append(image.removesuffix(".jpg"))
        found[key] = image
    if pickles:
        for split, listed in names.items():
            labels = [(1, 77, 102)[int(name[-5:]) % 3] for name in listed]
            write(root / split / "filenames.pickle", python2_pickle(listed, 0))
            write(root / split / "class_info.pickle", python2_pickle(labels))
    else:
        write(root / "trainvalclasses.txt", "class_00001\nclass_00077\n")
        write(root / "testclasses.txt", "class_00102\n")
    for name in ("setid.mat", "imagelabels.mat"):  # of the published set; nothing reads them
        write(root / name, b"MATLAB 5.0 MAT-file" + bytes(109) + b"\x0e\0\0\0\xff\xff\xff\xff")
    return found


def _coco(root: Path, lists: bool) -> dict[str, str]:
    found = {}
    for split, year, numbers in (("train", "train", range(100)), ("test", "val", range(100, 120))):
        names, images, said = [], [], []
        for number in numbers:
            key = f"COCO_{year}2014_{number:012d}"
            found[key] = f"{'images' if lists else f'{year}2014'}/{key}.jpg"
            write(root / found[key], picture(number))
            names.append(key)
            images.append({"id": number, "file_name": f"{key}.jpg"})
            said += [{"image_id": number, "caption": text} for text in captions(number)]
            if lists:
                write(root / "text" / f"{key}.txt", lines_of(captions(number)))
        if lists:
            write(root / split / "filenames.pickle", python2_pickle(names, 0))
        else:
            content = json.dumps({"images": images, "annotations": said})
            write(root / f"annotations/captions_{year}2014.json", content)
    return found


def _folder(root: Path, kind: str) -> dict[str, str]:
    found = {}
    for number in range(COUNT):
        key = f"kind{number % 6}/bird {number}"
        found[key] = f"{key}.png"
        write(root / found[key], picture(number, "PNG"))
        if kind == "text":
            write(root / f"{key}.txt", lines_of(captions(number)))
    rows = [(path, text) for k, path in enumerate(found.values()) for text in captions(k)]
    if kind == "jsonl":
        lines = [json.dumps({"file_name": name, "text": text}) for name, text in rows]
        write(root / "metadata.jsonl", lines_of(lines))
    elif kind == "csv":
        file = io.StringIO()
        csv.writer(file).writerows([("file_name", "text"), *rows])
        write(root / "metadata.csv", file.getvalue())
    return found


def _hub(root: Path) -> dict[str, str]:
    return {key: f"{HUB}/{path}" for key, path in _folder(root / HUB, "jsonl").items()}


def _open_hub(root: Path) -> Reader:
    os.environ["HF_HOME"] = str(root)
    return Folder("hf://owner/name")


def _stamps(root: Path) -> dict[str, str]:
    found = {}
    for number in range(COUNT):
        key = f"animals/kind{number % 6}/stamp{number}"
        found[key] = f"{key}.png"
        write(root / found[key], picture(number, "PNG", 66))
        write(root / f"{key}.txt", f"A stamp {number}.\nde.utf8=Ein Ding.\n")
    return found


def _say_in(folder: str) -> Say:
    """Captions in a file of the picture's key below `folder`."""

    def say(root: Path, key: str, lines: list[bytes]) -> None:
        replace(root / folder / f"{key}.txt", b"\n".join(lines))

    return say


def _say_jsonl(file: str) -> Say:
    def say(root: Path, key: str, lines: list[bytes]) -> None:
        rows = (root / file).read_bytes().splitlines()
        kept = [row for row in rows if json.loads(row)["file_name"] != f"{key}.png"]
        name = json.dumps(f"{key}.png").encode()
        said = [b'{"file_name": %s, "text": %s}' % (name, _json(line)) for line in lines]
        replace(root / file, b"\n".join([*kept, *said]))

    return say


def _say_csv(root: Path, key: str, lines: list[bytes]) -> None:
    rows = (root / "metadata.csv").read_bytes().splitlines()
    kept = [row for row in rows if not row.startswith(f"{key}.png,".encode())]
    said = [b'%s.png,"%s"' % (key.encode(), line.replace(b'"', b'""')) for line in lines]
    replace(root / "metadata.csv", b"\r\n".join([*kept, *said, b""]))


def _say_coco(root: Path, key: str, lines: list[bytes]) -> None:
    path = root / f"annotations/captions_{key[5:].partition('2014')[0]}2014.json"
    content, number = json.loads(path.read_bytes()), int(key[-12:])
    kept = [entry for entry in content["annotations"] if entry["image_id"] != number]
    said = [b'{"image_id": %d, "caption": %s}' % (number, _json(line)) for line in lines]
    entries = b", ".join([*(json.dumps(entry).encode() for entry in kept), *said])
    images = json.dumps(content["images"]).encode()
    replace(path, b'{"images": %s, "annotations": [%s]}' % (images, entries))


def _json(line: bytes) -> bytes:
    """As a JSON string; bytes that are not UTF-8 become halves of surrogate pairs."""
    return json.dumps(line.decode("utf-8", "surrogateescape")).encode()


CUB_LISTS = tuple(f"{CUB}/{name}.txt" for name in ("images", "image_class_labels", "classes"))
BOXES = f"{CUB}/bounding_boxes.txt"
PICKLES = tuple(f"{s}/{n}.pickle" for s in ("train", "test") for n in ("filenames", "class_info"))
ANNOTATIONS = tuple(f"annotations/captions_{year}2014.json" for year in ("train", "val"))
WRITTEN = {
    layout.name: layout
    for layout in (
        Layout(
            "cub_native",
            lambda root: _cub(root, "native"),
            lambda root: Cub(str(root)),
            _say_in("text_c10"),
            BOXES,
            CUB_LISTS,
            (BOXES, *CUB_LISTS),
        ),
        Layout(
            "cub_attngan",
            lambda root: _cub(root, "attngan"),
            lambda root: Cub(str(root)),
            _say_in("text"),
            BOXES,
            CUB_LISTS[:1],
            (BOXES, CUB_LISTS[0], *PICKLES, "captions.pickle"),
        ),
        Layout(
            "cub_pickled",
            cub_pickled,
            lambda root: Cub(str(root)),
            files=(*PICKLES, "captions.pickle"),
        ),
        Layout(
            "oxford102_stackgan",
            lambda root: _oxford(root, True),
            lambda root: Oxford102(str(root)),
            _say_in("text_c10"),
            files=PICKLES,
        ),
        Layout(
            "oxford102_reed",
            lambda root: _oxford(root, False),
            lambda root: Oxford102(str(root)),
            _say_in("text_c10"),
            files=("trainvalclasses.txt", "testclasses.txt", "setid.mat", "imagelabels.mat"),
        ),
        Layout(
            "coco_native",
            lambda root: _coco(root, False),
            lambda root: Coco(str(root)),
            _say_coco,
            files=ANNOTATIONS,
        ),
        Layout(
            "coco_attngan",
            lambda root: _coco(root, True),
            lambda root: Coco(str(root)),
            _say_in("text"),
            files=PICKLES[::2],
        ),
        Layout(
            "folder_text",
            lambda root: _folder(root, "text"),
            lambda root: Folder(str(root)),
            _say_in("."),
        ),
        Layout(
            "folder_jsonl",
            lambda root: _folder(root, "jsonl"),
            lambda root: Folder(str(root)),
            _say_jsonl("metadata.jsonl"),
            files=("metadata.jsonl",),
        ),
        Layout(
            "folder_csv",
            lambda root: _folder(root, "csv"),
            lambda root: Folder(str(root)),
            _say_csv,
            files=("metadata.csv",),
        ),
        Layout(
            "hub",
            _hub,
            _open_hub,
            _say_jsonl(f"{HUB}/metadata.jsonl"),
            files=(f"{HUB}/metadata.jsonl",),
        ),
        Layout("stamps", _stamps, lambda root: Stamps(str(root), min_size=1), _say_in(".")),
    )
}
