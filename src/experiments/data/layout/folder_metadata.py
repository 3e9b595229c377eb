"""`metadata.jsonl` and `metadata.csv` as Hugging Face's imagefolder has them: a row a picture.

    file_name                     of the picture, relative to the folder of the file
    text, caption or captions     one caption or, in JSON, a list of them
    label or class, split         not needed
    sound                         a file of what is to be seen, relative likewise; where it is heard

More rows of one picture are more captions of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from experiments.data.images import path_inside
from experiments.data.layout.json_text import loads
from experiments.data.layout.recordings import SOUNDS, is_sound
from experiments.data.record import Drop
from experiments.file.bounded import read_bounded
from experiments.file.name import is_name, plain, shown
from experiments.terminal.error import BadInput, UserError

METADATA = ("metadata.jsonl", "metadata.csv")
MAX_BYTES = 500_000_000
MAX_COLUMNS = 1_000
MAX_LABEL = 200  # letters
# The words that imagefolder knows for each split.
SPLIT_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}


@dataclass
class Listed:
    """What is said of a picture; empty where nothing is."""

    image: str  # relative to the root
    captions: list[str] = field(default_factory=list)
    label: str = ""
    split: str = ""  # train, validation or test
    sound: str = ""  # relative to the root


def read_metadata(
    root: Path, file: str, drops: list[Drop], follow: bool = False, heard: bool = False
) -> dict[str, Listed]:
    """The pictures of the metadata file at `file`, relative to the root, by their paths. `heard`:
    whether the column `sound` is read.

    A row that cannot be used goes to `drops` under its place (`train/metadata.csv:7`). Raises
    `UserError` where the file as a whole cannot be read, or, unless `follow`, lies outside of the
    root.
    """
    try:
        path_inside(root, file, follow)
    except BadInput as reason:
        raise UserError(f"{plain(root / file)}: {reason}, or put a file in its place") from None
    found: dict[str, Listed] = {}
    for line, row in _rows(root / file):
        place = f"{file}:{line}"
        try:
            if isinstance(row, BadInput):
                raise row
            listed = listed_of(PurePosixPath(file).parent, row, heard)
            known = found.setdefault(listed.image, listed)
            if known is not listed:
                if (known.label, known.split) != (listed.label, listed.split):
                    raise BadInput("class or split differs from an earlier row of the picture")
                if listed.sound and known.sound not in ("", listed.sound):
                    raise BadInput("sound differs from an earlier row of the picture")
                known.sound = known.sound or listed.sound
                known.captions += listed.captions
        except BadInput as reason:
            drops.append(Drop(place, str(reason)))
    return found


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Each row with the number of its line; the reason for a line that is no JSON."""
    raw = read_bounded(path, MAX_BYTES).removeprefix(b"\xef\xbb\xbf")
    # Bytes that are not UTF-8 cost the captions that they stand in, not the file.
    if path.suffix == ".csv":
        text = io.TextIOWrapper(io.BytesIO(raw), "utf-8", "surrogateescape", newline="")
        yield from _csv_rows(path, text)
        return
    for number, line in enumerate(io.BytesIO(raw), 1):
        if line.strip():
            try:
                yield number, loads(line.decode("utf-8", "surrogateescape"))
            except BadInput as reason:
                yield number, reason


def _csv_rows(path: Path, text: Iterable[str]) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(text, strict=True)
    lines = reader.reader  # counts those of a row that cannot be read, too
    try:
        columns = reader.fieldnames or ()
        if "file_name" not in columns:
            raise UserError(
                f"{plain(path)}: no column file_name in its first line, split at commas; add it"
            )
        if len(columns) > MAX_COLUMNS or len(set(columns)) < len(columns):
            fault = "a column twice" if len(columns) <= MAX_COLUMNS else "too many columns"
            raise UserError(f"{plain(path)}: {fault} in its first line; remove what is not needed")
        for row in reader:
            yield lines.line_num, row
    except csv.Error as error:
        raise UserError(
            f"{plain(path)}:{lines.line_num}: not CSV ({error}); write it anew"
        ) from None


def listed_of(folder: PurePosixPath, row: Any, heard: bool) -> Listed:
    """What a row says. Raises `BadInput` for one that cannot be used."""
    if not isinstance(row, Mapping):
        raise BadInput("not a JSON object")
    name = row.get("file_name")
    if not isinstance(name, str) or not name.strip():
        raise BadInput("no file_name")
    said = _first(row, "text", "caption", "captions")
    captions = said if isinstance(said, list) else [] if said is None else [said]
    if not all(isinstance(caption, str) for caption in captions):
        raise BadInput("captions are no text")
    label, split = _first(row, "label", "class"), _first(row, "split")
    if isinstance(label, int) and not abs(label) < 2**63:  # a number too long has no text
        label = ()
    if type(label) not in (str, int, type(None)) or not is_name(str(label)):
        raise BadInput("class is neither a name nor a whole number")
    if len(str(label)) > MAX_LABEL:
        raise BadInput("class has too long a name")
    word = split.strip().lower() if isinstance(split, str) else ""
    if split is not None and word not in SPLIT_WORDS:
        raise BadInput(f"split {shown(split)} is none of train, validation, test")
    sound = _first(row, "sound") if heard else None
    if sound is not None and (not isinstance(sound, str) or not sound.strip()):
        raise BadInput("sound is no file")
    if sound is not None and not is_sound(sound):
        raise BadInput(f"format of the sound is none of {', '.join(SOUNDS)}")
    return Listed(
        image=_path(folder, name),
        captions=[*captions],
        label="" if label is None else str(label).strip(),
        split="" if split is None else SPLIT_WORDS[word],
        sound="" if sound is None else _path(folder, sound),
    )


def _path(folder: PurePosixPath, name: str) -> str:
    return (folder / name.strip().replace("\\", "/")).as_posix()  # as Windows writes it


def _first(row: Mapping[Any, Any], *columns: str) -> Any:
    """The first of the columns that says something."""
    return next((row[name] for name in columns if row.get(name) not in (None, "", [])), None)
