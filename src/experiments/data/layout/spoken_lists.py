"""Lists of spoken captions as JSON: of Li 2020 (CUB, Oxford-102, Places) and of Places itself.

    {"image_base_path": ..., "audio_base_path": ..., "data": [item, ...]}    a file for each split

An item has a picture (`image` or `img`), and of one or several captions the text (`text`, or
`asr_text`, which a recogniser heard) and the recording (`audio` or `wav`); those of CUB and
Oxford-102 a `class`. Base paths are of whoever wrote the file: what is below them is looked for
below the root, in a folder of the same last names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from experiments.data.layout.caption_files import MAX_CAPTIONS
from experiments.data.layout.entry import Entry, Layout, Spoken
from experiments.data.layout.json_text import loads
from experiments.data.layout.pickle_lists import MAX_NAMES, Split
from experiments.data.layout.unpack import safe_parts
from experiments.data.record import Drop
from experiments.file.bounded import read_bounded
from experiments.file.name import is_name
from experiments.terminal.error import BadInput, UserError

MAX_BYTES = 200_000_000  # PlacesAudio_400k's train.json has 134 million
MAX_PATH = 1_000  # letters
FOLDERS = ("", "metadata/")
_WRONG = "it must be {image_base_path, audio_base_path, data: [...]}; fetch it again"


@dataclass(frozen=True)
class Spelt:
    """An item: paths below `images` and `sounds` of its list, and what stands at `class`."""

    image: str
    captions: list[str]
    speech: dict[int, Spoken]
    class_name: str


def list_files(root: Path) -> dict[Split, list[Path]] | None:
    """The lists of both splits, or None where one of them has none."""
    for folder in FOLDERS:
        for suffix in ("", "_split"):  # of Li's Places
            found = [root / f"{folder}{name}{suffix}.json" for name in ("train", "val", "test")]
            train, val, test = (path if path.is_file() else None for path in found)
            if train is None or (val is None and test is None):
                continue
            if test is None:
                assert val is not None
                return {"train": [train], "test": [val]}
            return {"train": [train, *([val] if val is not None else [])], "test": [test]}
    return None


def spoken_entries(
    found: Layout,
    images: Sequence[str],
    sounds: Sequence[str],
    heard: bool,
    named: Callable[[Spelt], tuple[str, str]],
) -> list[Entry | Drop]:
    """The pictures of the lists, after what is no item. `named`: class and key of each; the others
    as `read_list`, which says what it raises."""
    drops: list[Drop] = []
    entries: list[Entry | Drop] = []
    for split, path in ((split, path) for split, paths in found.lists.items() for path in paths):
        folder, items = read_list(path, found.root, images, sounds, drops, heard)
        for item in items:
            label, key = named(item)
            image, of = f"./{item.image}", label or None
            said = item.captions if any(item.captions) else []
            entries.append(Entry(key, folder, image, said, split, of, label, speech=item.speech))
    return [*drops, *entries]


def read_list(
    path: Path,
    root: Path,
    images: Sequence[str],
    sounds: Sequence[str],
    drops: list[Drop],
    heard: bool,
) -> tuple[Path, list[Spelt]]:
    """The folder of pictures of a list, and its items. `images` and `sounds`: names of folders
    below the root that are tried where those that the list names are not there. `heard`: whether
    recordings are looked for. What is no item goes to `drops` under its place (`train.json[3]`).

    Raises `UserError` for a file that cannot be read, is too large or no such list.
    """
    content = _load(path)
    pictures = _folder(root, content.get("image_base_path"), images)
    if pictures is None:
        raise UserError(
            f"{path}: its image_base_path is no folder in {root}, nor is {' or '.join(images)} "
            "there; put the pictures below data.root, in a folder of the same name"
        )
    audio = _folder(root, content.get("audio_base_path"), sounds) if heard else None
    items: list[Spelt] = []
    for number, item in enumerate(content["data"]):
        place = f"{path.name}[{number}]"
        try:
            items.append(_item(item, root, pictures, audio))
        except BadInput as reason:
            drops.append(Drop(place, str(reason)))
    return pictures, items


def _load(path: Path) -> dict[str, Any]:
    try:
        content = loads(read_bounded(path, MAX_BYTES))
    except BadInput as reason:
        raise UserError(f"{path}: not a complete JSON file ({reason}); {_WRONG}") from None
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise UserError(f"{path}: no list `data`; {_WRONG}")
    if len(content["data"]) > MAX_NAMES:
        raise UserError(f"{path}: more than {MAX_NAMES} items; {_WRONG}")
    return content


def _folder(root: Path, named: Any, others: Sequence[str]) -> Path | None:
    """The folder below the root whose last names are most of those of a path, or one of others."""
    parts: tuple[str, ...] = ()
    if isinstance(named, str) and len(named) <= MAX_PATH and is_name(named):
        parts = tuple(part for part in PurePosixPath(named).parts if part not in ("/", "."))
    tails = ["/".join(parts[k:]) for k in range(len(parts))] if ".." not in parts else []
    for name in [*tails, *others]:
        if os.path.isdir(root / name):  # noqa: PTH112  # a name of others may be too long
            return root / name
    return None


def _item(item: Any, root: Path, pictures: Path, audio: Path | None) -> Spelt:
    if not isinstance(item, dict):
        raise BadInput("not an item with a picture")
    image = item.get("image", item.get("img"))
    if not isinstance(image, str) or len(image) > MAX_PATH:
        raise BadInput("not an item with a picture")
    captions = _texts(item.get("text", item.get("asr_text", [])))
    named = _texts(item.get("audio", item.get("wav", [])))
    speech: dict[int, Spoken] = {}
    if audio is not None:
        for number, name in enumerate(named):
            found = _placed(audio, name)
            if found is not None:
                speech[number] = (audio / found).relative_to(root).as_posix()
    label = item.get("class", "")
    known = isinstance(label, str | int) and len(str(label)) <= 200 and is_name(str(label))
    found = _placed(pictures, image)
    return Spelt(found or image, captions, speech, str(label) if known else "")


def _texts(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if len(texts) > MAX_CAPTIONS:
        raise BadInput(f"more than {MAX_CAPTIONS} captions")
    return [text if isinstance(text, str) else "" for text in texts]


def _placed(folder: Path, name: str) -> str | None:
    """Where a file is below the folder: as named, or without the first folder (Li drops the letter
    of Places' `b/bedroom/...` and the `wavs/` of its recordings). None where it is not there."""
    parts = safe_parts(name) if len(name) <= MAX_PATH else None
    for tail in (parts or (), (parts or ())[1:]):
        if tail and os.path.isfile(folder.joinpath(*tail)):  # noqa: PTH113  # see `_folder`
            return "/".join(tail)
    return None
