"""Small pictures and caption files for the trees of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from experiments.data.record import Drop, Reader, Record

RED, GREEN, BLUE = (200, 0, 0), (0, 150, 0), (0, 0, 220)


def draw(path: Path, colour: tuple[int, int, int] = RED, size: tuple[int, int] = (60, 40)) -> None:
    """A picture of one colour with a white stripe of a fifth at its left, as its suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, colour)
    image.paste((255, 255, 255), (0, 0, size[0] // 5, size[1]))
    image.save(path)


def write(path: Path, captions: Sequence[str]) -> None:
    """A caption file, one a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{caption}\n" for caption in captions), encoding="utf-8")


def entries(reader: Reader) -> tuple[dict[str, Record], dict[str, str]]:
    """What a reader yields: records by key, and reasons of drops by key."""
    found = list(reader.read())
    records = {entry.key: entry for entry in found if isinstance(entry, Record)}
    drops = {entry.key: entry.reason for entry in found if isinstance(entry, Drop)}
    assert len(records) + len(drops) == len(found), "a key appears twice"
    return records, drops
