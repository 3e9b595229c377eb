"""Small trees of CUB's layouts for the tests: eight images of four classes."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from experiments.data.reader.cub import Cub
from experiments.data.record import Drop, Record
from tests.data.cub_tree import Picture

CLASSES = ("001.Black_footed_Albatross", "002.Laysan_Albatross", "006.Least_Auklet", "010.Red_Bird")
COLOURS = ((200, 0, 0), (0, 150, 0), (0, 0, 220), (90, 90, 0))


def pictures() -> list[Picture]:
    """Eight images of four classes, two of them test classes of CUB; 9, 10 or 11 captions each."""
    made: list[Picture] = []
    for number in range(8):
        image = Image.new("RGB", (160, 120), (255, 255, 255))
        image.paste(COLOURS[number % 4], (40, 30, 100, 70))
        captions = [f"bird {number} says word{k}." for k in range(9 + number % 3)]
        made.append((image, captions, CLASSES[number % 4]))
    return made


def read(reader: Cub) -> tuple[list[Record], list[Drop]]:
    entries = list(reader.read())
    records = [entry for entry in entries if isinstance(entry, Record)]
    return records, [entry for entry in entries if isinstance(entry, Drop)]


def cub(root: Path) -> Path:
    return root / "CUB_200_2011"
