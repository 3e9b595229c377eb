"""The captions of COCO 2014 (Lin 2014; Chen 2015) as they are published: one JSON file a split."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeGuard

from experiments.data.layout.json_text import loads
from experiments.data.record import Drop
from experiments.file.bounded import read_bounded
from experiments.terminal.error import BadInput, UserError

MAX_NAME = 1_000  # letters of the name of a picture
MAX_BYTES = 200_000_000  # the published captions_train2014.json has 67 million


def read_annotations(path: Path, drops: list[Drop]) -> list[tuple[str, list[str]]]:
    """(file name, captions) of every image, in the order of the file and of its annotations.

    An entry that is none goes to `drops` under its place (`captions_val2014.json:images[3]`).
    Raises `UserError` for a file that cannot be read, is too large or no such JSON.
    """
    content = _load(path)
    names: dict[int, str] = {}
    captions: dict[int, list[str]] = {}
    for place, image in _entries(path, content, "images"):
        number, name = image.get("id"), image.get("file_name")
        if not _is_id(number) or not isinstance(name, str) or len(name) > MAX_NAME:
            drops.append(Drop(place, "no id and file_name"))
        elif number in names:
            drops.append(Drop(place, "id appears twice"))
        else:
            names[number], captions[number] = name, []
    for place, annotation in _entries(path, content, "annotations"):
        number, caption = annotation.get("image_id"), annotation.get("caption")
        if not _is_id(number) or not isinstance(caption, str):
            drops.append(Drop(place, "no image_id and caption"))
        elif number not in captions:
            drops.append(Drop(place, "caption of no image"))
        else:
            captions[number].append(caption)
    return [(name, captions[number]) for number, name in names.items()]


def _load(path: Path) -> dict[str, Any]:
    try:
        content = loads(read_bounded(path, MAX_BYTES))
    except BadInput as reason:
        raise UserError(
            f"{path}: not a complete JSON file ({reason}); unpack it again from "
            "annotations_trainval2014.zip"
        ) from None
    table = content if isinstance(content, dict) else {}
    if not all(isinstance(table.get(name), list) for name in ("images", "annotations")):
        raise UserError(
            f"{path}: no lists `images` and `annotations`; it must be one of the files captions_* "
            "of annotations_trainval2014.zip"
        )
    return table


def _entries(path: Path, content: dict[str, Any], part: str) -> list[tuple[str, dict[str, Any]]]:
    """Each entry of a list with its place; what is no object has no keys."""
    entries = (entry if isinstance(entry, dict) else {} for entry in content[part])
    return [(f"{path.name}:{part}[{k}]", entry) for k, entry in enumerate(entries)]


def _is_id(number: Any) -> TypeGuard[int]:
    """Larger numbers, which nobody gives, can be chosen so that all have one place in a table."""
    return type(number) is int and abs(number) < 2**63
