"""The files around the pictures of CUB-200-2011 (Wah 2011): lists, boxes, captions, splits.

All of them were made by others and many users make their own: nothing is taken on trust, and what
is wrong is named with file and line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from experiments.data.pickles import LIMIT, load_pickle
from experiments.data.record import Box, Drop
from experiments.errors import BadInput, UserError

Split = Literal["train", "test"]
CAPTIONS = 10  # an image, in captions.pickle: its index arithmetic depends on it
MAX_CAPTION_FILE = 1_000_000  # bytes
MAX_CAPTION = 2_000  # letters
TEST_CLASSES = Path(__file__).with_name("cub_test_classes.txt")
SPLITS: tuple[Split, ...] = ("train", "test")


@dataclass(frozen=True)
class Entry:
    """An image of the lists. `index` counts within the lists of its split."""

    name: str  # class/picture, without suffix
    image: str  # relative to the folder of images
    class_id: int
    class_name: str
    split: Split
    index: int = 0


def numbered_lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """`id value` lines of a CUB list as (place, id, value); `id` is empty for any other line."""
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > LIMIT:
        raise UserError(f"{path}: larger than {LIMIT} bytes, which no such file should be")
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        fields = line.split(maxsplit=1)
        if fields:
            place = f"{path.name}:{number}"
            yield (place, fields[0], fields[1].strip()) if len(fields) == 2 else (place, "", "")


def read_boxes(cub: Path) -> dict[str, Box | str]:
    """The box of each `class/picture`, or in its place what is wrong with it."""
    boxes: dict[str, Box | str] = {}
    for _, number, value in numbered_lines(cub / "bounding_boxes.txt"):
        boxes[number] = "bounding box appears twice" if number in boxes else _box(value)
    names = ((number, path) for _, number, path in numbered_lines(cub / "images.txt") if number)
    return {without_suffix(path): boxes[number] for number, path in names if number in boxes}


def native_entries(cub: Path, test_classes: frozenset[str]) -> list[Entry | Drop]:
    """The images of `images.txt`, split by class. `train_test_split.txt` is never looked at.

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
            entries.append(Drop(without_suffix(path), "no class in image_class_labels.txt"))
            continue
        class_name = names.get(str(class_id)) or PurePosixPath(path).parent.name or str(class_id)
        split: Split = "test" if species(class_name) in test_classes else "train"
        entries.append(Entry(without_suffix(path), path, class_id, class_name, split))
    return entries


def pickled_entries(base: Path, cub: Path) -> list[Entry | Drop]:
    """The images of `{train,test}/filenames.pickle`, whose split they are."""
    listed: dict[str, str] = {}
    if (cub / "images.txt").is_file():
        paths = (path for _, number, path in numbered_lines(cub / "images.txt") if number)
        listed = {without_suffix(path): path for path in paths}
    files = {split: base / split / "class_info.pickle" for split in SPLITS}
    with_ids = all(path.is_file() for path in files.values())
    numbers: dict[str, int] = {}
    entries: list[Entry | Drop] = []
    for split in SPLITS:
        names = filenames(base, split)
        ids = load_pickle(files[split]) if with_ids else []
        if with_ids and (not isinstance(ids, list) or len(ids) != len(names)):
            raise UserError(f"{files[split]}: must list one class for each of {len(names)} names")
        for index, name in enumerate(names):
            folder = PurePosixPath(name).parent.name
            class_id = ids[index] if with_ids else numbers.setdefault(folder, len(numbers))
            if type(class_id) is not int:
                entries.append(Drop(name, "class is not an integer"))
                continue
            image = listed.get(name, f"{name}.jpg")
            entries.append(Entry(name, image, class_id, folder or str(class_id), split, index))
    return entries


def filenames(base: Path, split: Split) -> list[str]:
    """The names `class/picture` of a split."""
    path = base / split / "filenames.pickle"
    names = load_pickle(path)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f"{path}: must be a list of names `class/picture`")
    return names


def pickled_words(path: Path) -> list[str]:
    """The vocabulary of a `captions.pickle`, in index order; index 0 is `<end>`."""
    return _vocabulary(path, _captions_file(path))


def pickled_captions(path: Path, counts: dict[Split, int]) -> dict[Split, list[list[str]]]:
    """The captions of each image by split, in the order of the file names.

    `counts`: images in each split. Words are what AttnGAN's tokenizer left of the sentences. An
    index outside the vocabulary loses its caption.
    """
    content = _captions_file(path)
    words = _vocabulary(path, content)
    captions: dict[Split, list[list[str]]] = {}
    for split, sentences in zip(SPLITS, content[:2], strict=True):
        if not isinstance(sentences, list) or len(sentences) != CAPTIONS * counts[split]:
            found = len(sentences) if isinstance(sentences, list) else "no list of"
            raise UserError(
                f"{path}: {found} {split} captions, where {counts[split]} file names need "
                f"{CAPTIONS} each; add the folder of caption files (text/<class>/<picture>.txt)"
            )
        captions[split] = [
            [_sentence(s, words) for s in sentences[k : k + CAPTIONS]]
            for k in range(0, len(sentences), CAPTIONS)
        ]
    return captions


def caption_lines(path: Path) -> tuple[list[str], list[tuple[int, str]]]:
    """The captions of a file, one a line, and (line, reason) of those that cannot be used."""
    with path.open("rb") as file:
        content = file.read(MAX_CAPTION_FILE + 1)
    if len(content) > MAX_CAPTION_FILE:
        raise BadInput("caption file is too large")
    captions: list[str] = []
    faults: list[tuple[int, str]] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").rstrip().splitlines(), 1):
        try:
            # The published files hold the mark of a letter that was lost before they were made.
            caption = " ".join(line.decode("utf-8").replace("\ufffd", " ").split())
        except UnicodeDecodeError:
            faults.append((number, "caption is not UTF-8"))
            continue
        if not caption:
            faults.append((number, "caption is empty"))
        elif len(caption) > MAX_CAPTION:
            faults.append((number, "caption is too long"))
        else:
            captions.append(caption)
    return captions, faults


def read_test_classes(path: Path) -> frozenset[str]:
    """Names of classes, one a line, as `species` writes them; lines from `#` are comments."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    return frozenset(species(line) for line in lines if line.strip() and line[0] != "#")


def species(class_name: str) -> str:
    """The name without its number, in lower case: `001.Black_footed_Albatross` and others agree."""
    number, dot, name = class_name.strip().partition(".")
    return (name if dot and number.isdigit() else class_name).strip().lower()


def without_suffix(path: str) -> str:
    """`class/picture` of `class/picture.jpg`."""
    return path.removesuffix(PurePosixPath(path).suffix)


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
    numbers = {}
    for place, number, value in numbered_lines(path):
        if not number or not value.isascii() or not value.isdigit():
            raise UserError(f"{path.parent / place}: not a line `id class`; fetch the file again")
        numbers[number] = int(value)
    return numbers


def _captions_file(path: Path) -> list[Any]:
    content = load_pickle(path)
    if not isinstance(content, (list, tuple)) or len(content) < 4:
        raise UserError(f"{path}: must be [train captions, test captions, ixtoword, wordtoix]")
    return list(content)


def _vocabulary(path: Path, content: list[Any]) -> list[str]:
    table = content[2]
    words = [table.get(k) for k in range(len(table))] if isinstance(table, dict) else table
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise UserError(f"{path}: its ixtoword does not give a word for each index from 0")
    if len(words) < 2:
        raise UserError(
            f"{path}: its vocabulary is empty (AttnGAN leaves such a file where it found no "
            "caption); delete it"
        )
    if words[0] != "<end>":
        raise UserError(f"{path}: index 0 is {words[0]!r} and not '<end>'; delete the file")
    return words


def _sentence(indices: Any, words: list[str]) -> str:
    if not isinstance(indices, list) or len(indices) > MAX_CAPTION:
        return ""
    good = all(type(index) is int and 0 <= index < len(words) for index in indices)
    return " ".join(words[index] for index in indices if index > 0) if good else ""
