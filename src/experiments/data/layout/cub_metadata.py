"""The files around the pictures of CUB-200-2011 (Wah 2011): lists, boxes, splits.

All of them were made by others and many users make their own: nothing is taken on trust, and what
is wrong is named with file and line.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from experiments.data.layout.entry import Entry, Said, stem_of
from experiments.data.layout.pickle_lists import (
    SPLITS,
    PickledCaptions,
    Split,
    class_ids,
    filenames,
    have_class_ids,
)
from experiments.data.layout.pickles import LIMIT
from experiments.data.record import Box, Drop
from experiments.file.bounded import read_bounded
from experiments.file.name import shown
from experiments.terminal.error import UserError

MAX_CLASS = 10**9  # its number
MAX_CLASS_LIST = 1_000_000  # bytes
IMAGES = "images"  # the folder of them
TEST_CLASSES = Path(__file__).with_name("cub_test_classes.txt")


def numbered_lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """`id value` lines of a CUB list as (place, id, value); `id` is empty for any other line."""
    content = read_bounded(path, LIMIT).removeprefix(b"\xef\xbb\xbf")
    for number, line in enumerate(io.BytesIO(content), 1):
        fields = line.decode("utf-8", "replace").split(maxsplit=1)
        if fields:
            place = f"{path.name}:{number}"
            yield (place, fields[0], fields[1].strip()) if len(fields) == 2 else (place, "", "")


def read_boxes(cub: Path) -> dict[str, Box | str]:
    """The box of each `class/picture`, or in its place what is wrong with it."""
    boxes: dict[str, Box | str] = {}
    for _, number, value in numbered_lines(cub / "bounding_boxes.txt"):
        boxes[number] = "bounding box appears twice" if number in boxes else _box(value)
    names = ((number, path) for _, number, path in numbered_lines(cub / "images.txt") if number)
    return {stem_of(path): boxes[number] for number, path in names if number in boxes}


def native_entries(
    cub: Path, test_classes: frozenset[str], written: bool = True
) -> list[Entry | Drop]:
    """The images of `images.txt`, split by class. `train_test_split.txt` is never looked at.
    `written`: whether there are files of captions.

    That file is the split for recognition, in which every class is in both parts.
    """
    class_of = _integers(cub / "image_class_labels.txt")
    names_path = cub / "classes.txt"
    lines = numbered_lines(names_path) if names_path.is_file() else ()
    names = {number: name for _, number, name in lines if number}
    entries: list[Entry | Drop] = []
    seen: set[str] = set()
    for place, number, path in numbered_lines(cub / "images.txt"):
        if not number or number in seen:
            entries.append(Drop(place, "id appears twice" if number else "not a line `id path`"))
            continue
        seen.add(number)
        class_id = class_of.get(number)
        if class_id is None:
            entries.append(Drop(stem_of(path), "no class in image_class_labels.txt"))
            continue
        class_name = names.get(str(class_id)) or PurePosixPath(path).parent.name or str(class_id)
        split: Split = "test" if species(class_name) in test_classes else "train"
        key = stem_of(path)
        said: Said = f"{key}.txt" if written else []
        entries.append(Entry(key, cub / IMAGES, path, said, split, class_id, class_name))
    return entries


def pickled_entries(
    base: Path, cub: Path, captions: PickledCaptions | None = None, written: bool = True
) -> list[Entry | Drop]:
    """The images of `{train,test}/filenames.pickle`, whose split they are.

    `captions`: those of all of them, where there are no caption files. `written`: whether there are
    any.
    """
    listed: dict[str, str] = {}
    if (cub / "images.txt").is_file():
        paths = (path for _, number, path in numbered_lines(cub / "images.txt") if number)
        listed = {stem_of(path): path for path in paths}
    with_ids = have_class_ids(base)
    numbers: dict[str, int] = {}
    entries: list[Entry | Drop] = []
    for split in SPLITS:
        names = filenames(base, split)
        ids = class_ids(base, split, len(names)) if with_ids else []
        for index, name in enumerate(names):
            folder = PurePosixPath(name).parent.name
            class_id = ids[index] if with_ids else numbers.setdefault(folder, len(numbers))
            if type(class_id) is not int or abs(class_id) > MAX_CLASS:
                entries.append(Drop(name, "class is not an integer"))
                continue
            image = listed.get(name, f"{name}.jpg")
            said: Said = f"{name}.txt" if written else []
            said = captions.at(split, index) if captions else said
            class_name = folder or str(class_id)
            entries.append(Entry(name, cub / IMAGES, image, said, split, class_id, class_name))
    return entries


def read_test_classes(path: Path) -> frozenset[str]:
    """Names of classes, one a line, as `species` writes them; lines from `#` are comments."""
    try:
        lines = read_bounded(path, MAX_CLASS_LIST).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 from byte {error.start}; write it anew") from None
    return frozenset(species(line) for line in lines if line.strip() and line[0] != "#")


def species(class_name: str) -> str:
    """The name without its number, in lower case: `001.Black_footed_Albatross` and others agree."""
    number, dot, name = class_name.strip().partition(".")
    return (name if dot and number.isdigit() else class_name).strip().lower()


def _box(value: str) -> Box | str:
    fields = value.split()
    try:
        x, y, w, h = (float(field) for field in fields)
    except ValueError:
        return "bounding box is not four numbers"
    if not all(map(math.isfinite, (x, y, w, h))) or max(x, y, w, h) > 1e6:
        return "bounding box is not four numbers"
    if min(x, y) < 0 or min(w, h) < 1:
        return "bounding box is negative or empty"
    return int(x), int(y), int(w), int(h)


def _integers(path: Path) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for place, number, value in numbered_lines(path):
        if not number or not (value.isascii() and value.isdigit() and len(value) < 10):
            raise UserError(f"{path.parent / place}: not a line `id class`; fetch the file again")
        if numbers.setdefault(number, int(value)) != int(value):
            raise UserError(
                f"{path.parent / place}: another class than before for {shown(number)}; fetch the "
                "file again"
            )
    return numbers
