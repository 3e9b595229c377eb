"""Small trees of COCO 2014 in the layouts that people have: three pictures, and two to test on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from drawn import BLUE, RED, draw, write

from tests.data.cub_tree import python2_pickle

TRAIN, VAL = (9, 25, 30), (42, 73)
COLOURS = {"train": RED, "val": BLUE}
SPLITS = {"train": TRAIN, "val": VAL}


def key(year: str, number: int) -> str:
    return f"COCO_{year}2014_{number:012d}"


KEYS = [key("train", number) for number in TRAIN] + [key("val", number) for number in VAL]


def captions(number: int) -> list[str]:
    """Six of picture 9 and seven of 42, as some have; five of the others."""
    return [f"scene {number} seen by person{k}." for k in range({9: 6, 42: 7}.get(number, 5))]


def annotations(year: str) -> dict[str, Any]:
    """As published: captions of all pictures mixed, and more keys than are needed."""
    numbers = SPLITS[year]
    said = [(number, caption) for number in numbers for caption in captions(number)]
    said.sort(key=lambda pair: pair[1][-3:])  # by the person: pictures alternate
    return {
        "info": {"year": 2014},
        "images": [
            {"id": n, "file_name": f"{key(year, n)}.jpg", "height": 40, "width": 60, "license": 1}
            for n in numbers
        ],
        "licenses": [],
        "annotations": [
            {"id": k, "image_id": number, "caption": caption}
            for k, (number, caption) in enumerate(said)
        ],
    }


def write_annotations(root: Path, year: str, content: object) -> None:
    path = root / "annotations" / f"captions_{year}2014.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def write_pictures(root: Path, train: str, val: str) -> None:
    for year, folder in (("train", train), ("val", val)):
        for number in SPLITS[year]:
            draw(root / folder / f"{key(year, number)}.jpg", COLOURS[year])


def write_lists(root: Path) -> None:
    """AttnGAN's caption files, ten lines in each that has so many, and its names."""
    for year, split in (("train", "train"), ("val", "test")):
        (root / split).mkdir()
        names = [key(year, number) for number in SPLITS[year]]
        (root / split / "filenames.pickle").write_bytes(python2_pickle(names, 0))
        for number in SPLITS[year]:
            write(root / "text" / f"{key(year, number)}.txt", captions(number))


def official(folder: Path) -> Path:
    """As published."""
    root = folder / "official"
    write_pictures(root, "train2014", "val2014")
    for year in SPLITS:
        write_annotations(root, year, annotations(year))
    return root


def attngan(folder: Path) -> Path:
    """All pictures in one folder."""
    root = folder / "attngan"
    write_pictures(root, "images", "images")
    write_lists(root)
    return root


def dfgan(folder: Path) -> Path:
    """As the README of DF-GAN says."""
    root = folder / "dfgan"
    write_pictures(root, "images/train2014", "images/val2014")
    write_lists(root)
    return root


def dfgan_code(folder: Path) -> Path:
    """As the code of DF-GAN has it."""
    root = folder / "dfgan code"
    write_pictures(root, "images/train2014/jpg", "images/val2014/jpg")
    write_lists(root)
    return root


LAYOUTS = {"official": official, "attngan": attngan, "dfgan": dfgan, "dfgan_code": dfgan_code}
