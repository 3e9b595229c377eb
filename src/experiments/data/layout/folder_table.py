"""Tables of pictures and captions that lie beside folders of pictures: `captions.txt` of Flickr8k
(image,caption), `results.csv` of Flickr30k (image_name| comment_number| comment), and others' .csv
and .tsv, told by their first line; or lines `picture.jpg#0<tab>caption`.

A picture is named by its path from the table, from the root, or by its name alone where it lies in
one folder of them. More rows of one picture are more captions of it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from experiments.data.images import path_inside
from experiments.data.layout.folder_metadata import MAX_BYTES, Listed, listed_of
from experiments.data.record import Drop
from experiments.file.bounded import read_bounded
from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError

PICTURE = (
    *("file_name", "filename", "file", "filepath", "file_path", "path"),
    *("image", "image_name", "image_path", "image_file", "img", "picture", "name"),
)
CAPTION = ("text", "caption", "captions", "comment", "description", "sentence", "prompt", "title")
KEPT = ("label", "class", "split")  # columns that mean what they do in metadata.csv
TEXTS = ("caption", "result", "token", "annotation", "metadata")  # in the name of a .txt
HEAD = 2_000  # bytes that are looked at
SIGNS = ("\t", "|", ";", ",")  # between columns
TOKEN = re.compile(r"(?P<image>[^\t#]{1,300})#\d{1,3}\t(?P<text>.+)")
HOW = "a table with a first line such as image,caption"


@dataclass(frozen=True)
class Columns:
    """How a table is read: the sign between columns, and which are the picture and its caption."""

    sign: str
    picture: str
    caption: str


def may_be_table(path: str) -> bool:
    """Whether a file of that name is looked into."""
    pure = PurePosixPath(path)
    texts = pure.suffix.lower() == ".txt" and any(word in pure.name.lower() for word in TEXTS)
    return pure.suffix.lower() in (".csv", ".tsv") or texts


def is_table(path: Path) -> bool:
    """Whether its first line names a picture and a caption. Raises nothing."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(HEAD).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return False
    line = head.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    return TOKEN.fullmatch(line) is not None or _columns(line) is not None


def read_table(
    root: Path, file: str, pictures: Sequence[str], drops: list[Drop], follow: bool = False
) -> dict[str, Listed]:
    """What the table at `file`, relative to the root, says of pictures, by their paths.

    A row that cannot be used goes to `drops` under its place (`captions.txt:7`). Raises `UserError`
    where the file as a whole cannot be read, or, unless `follow`, lies outside of the root.
    """
    try:
        path_inside(root, file, follow)
    except BadInput as reason:
        raise UserError(f"{plain(root / file)}: {reason}, or put a file in its place") from None
    named: dict[str, list[str]] = {}
    for path in pictures:
        for name in {PurePosixPath(path).name, PurePosixPath(path).stem}:  # some leave it away
            named.setdefault(name, []).append(path)
    known, home = set(pictures), PurePosixPath(file).parent
    found: dict[str, Listed] = {}
    for line, row in _rows(root / file):
        try:
            listed = listed_of(home, row, heard=False)
            said = PurePosixPath(str(row["file_name"]).strip().replace("\\", "/"))
            here = named.get(said.name, [])
            if len(here) > 1 and not known & {listed.image, said.as_posix()}:
                raise BadInput("pictures of that name are in several folders")
            places = [listed.image, said.as_posix(), *here]
            listed.image = next((place for place in places if place in known), listed.image)
            before = found.setdefault(listed.image, listed)
            if before is not listed:
                if (before.label, before.split) != (listed.label, listed.split):
                    raise BadInput("class or split differs from an earlier row of the picture")
                before.captions += listed.captions
        except BadInput as reason:
            drops.append(Drop(f"{file}:{line}", str(reason)))
    return found


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """Each row, its picture and caption under the names that metadata.csv has for them."""
    raw = read_bounded(path, MAX_BYTES).removeprefix(b"\xef\xbb\xbf")
    text = raw.decode("utf-8", "surrogateescape")
    first = text.partition("\n")[0].rstrip("\r")
    if TOKEN.fullmatch(first):
        for number, line in enumerate(text.splitlines(), 1):
            match = TOKEN.fullmatch(line)
            yield number, {"file_name": match["image"], "text": match["text"]} if match else {}
        return
    columns = _columns(first)
    assert columns is not None, "is_table was asked"
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if columns.sign == "," else csv.QUOTE_NONE
    reader = csv.DictReader(
        io.StringIO(text, newline=""),
        delimiter=columns.sign,
        quoting=quoting,
        skipinitialspace=True,
    )
    try:
        for row in reader:
            kept = {key: row.get(key) for key in row if (key or "").strip().lower() in KEPT}
            told = {key.strip().lower(): value or None for key, value in kept.items()}
            said = (row.get(columns.caption) or "").strip()
            yield (
                reader.line_num,
                told | {"file_name": row.get(columns.picture), "text": said or None},
            )
    except csv.Error as error:
        raise UserError(
            f"{plain(path)}:{reader.line_num}: not CSV ({error}); write it anew"
        ) from None


def _columns(line: str) -> Columns | None:
    """The columns that a first line names; None where it names no picture or no caption."""
    sign = next((sign for sign in SIGNS if sign in line), None)
    if sign is None:
        return None
    given = {name.strip().strip('"').lower(): name.strip().strip('"') for name in line.split(sign)}
    picture = next((given[name] for name in PICTURE if name in given), None)
    caption = next((given[name] for name in CAPTION if name in given), None)
    return Columns(sign, picture, caption) if picture and caption else None
