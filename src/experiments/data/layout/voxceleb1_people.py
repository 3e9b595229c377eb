"""Who is who in VoxCeleb1: `vox1_meta.csv`, and a table of labels that its user may have."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.data.layout.entry import Entry
from experiments.data.layout.pickle_lists import Split
from experiments.data.record import Drop
from experiments.file.bounded import read_bounded
from experiments.file.name import is_name, plain, shown
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.line import number_of

META = "vox1_meta.csv"
COLUMNS = ("VoxCeleb1 ID", "VGGFace1 ID", "Gender", "Nationality", "Set")
SPLITS: dict[str, Split] = {"dev": "train", "test": "test"}
ID, NAME = ("id", "voxceleb1 id"), ("name", "vggface1 id")
ATTRIBUTES = ("gender", "nationality")
MAX_BYTES = 10_000_000  # the published table has 40 thousand
MAX_TEXT = 200  # letters
MAX_VALUES = 100  # of an attribute
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Person:
    """`id` of the voice. `attributes`: what the tables say, without what they leave empty."""

    id: str
    split: Split
    attributes: Mapping[str, str]


def read_people(path: Path, drops: list[Drop | Entry]) -> dict[str, Person]:
    """People by the name of their faces. A row that cannot be used goes to `drops` under its place.
    Raises `UserError` for a file that is no such table."""
    lines = _text(path).splitlines()
    columns = [column.strip().lower() for column in lines[0].split("\t")] if lines else []
    lost = [name for name in COLUMNS if columns.count(name.lower()) != 1]
    if lost:
        raise UserError(
            f"{plain(path)}: no column {lost[0]} in its first line, split at tabs; fetch it again"
        )
    places = [columns.index(name.lower()) for name in COLUMNS]
    found: dict[str, Person] = {}
    ids: set[str] = set()
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        try:
            if len(cells) != len(columns):
                raise BadInput(f"not {number_of(len(columns), 'column')}")
            person, name, gender, nationality, part = (_cell(cells[place]) for place in places)
            if not person or not name or part.lower() not in SPLITS:
                raise BadInput("no id, name or set of dev and test")
            if person in ids or name in found:
                raise BadInput("id or name appears twice")
            told = dict(zip(ATTRIBUTES, (gender, nationality), strict=True))
            known = {key: value for key, value in told.items() if value}
            found[name] = Person(person, SPLITS[part.lower()], known)
            ids.add(person)
        except BadInput as reason:
            drops.append(Drop(f"{META}:{number}", str(reason)))
    _require_few_values(path, attribute_values(found))
    return found


def add_labels(people: Mapping[str, Person], path: Path) -> tuple[dict[str, Person], int]:
    """The people with what a table of the user says of them, and how many of its rows are of
    nobody. Its first line names the columns: `id` (of a voice) or `name` (of a face), and the
    attributes; commas or tabs part them. An empty cell says nothing. Raises `UserError`."""
    by_id = {person.id: name for name, person in people.items()}
    rows = _rows(path)
    columns = [column.strip().lower() for column in next(rows, [])]
    key = next((k for k, column in enumerate(columns) if column in (*ID, *NAME)), None)
    if key is None:
        raise UserError(f"data.reader.labels: {plain(path)}: no column id or name; add it")
    by_name = columns[key] in NAME
    names = {k: column for k, column in enumerate(columns) if k != key}
    for column in names.values():
        if not _ATTRIBUTE.fullmatch(column) or column in ATTRIBUTES or columns.count(column) > 1:
            raise UserError(
                f"data.reader.labels: {plain(path)}: column {shown(column)} is no new attribute; "
                "give it one word of its own"
            )
    found, strangers, count = dict(people), 0, 0
    for number, row in enumerate(rows, 2):
        if len(row) != len(columns):
            raise UserError(
                f"data.reader.labels: {plain(path)}:{number}: not "
                f"{number_of(len(columns), 'column')}; repair it"
            )
        count += 1
        name = row[key].strip() if by_name else by_id.get(row[key].strip(), "")
        if name not in found:
            strangers += 1
            continue
        try:
            told = {column: _cell(row[k].strip()) for k, column in names.items()}
        except BadInput as reason:
            raise UserError(f"data.reader.labels: {plain(path)}:{number}: {reason}") from None
        known = {column: value for column, value in told.items() if value}
        person = found[name]
        found[name] = replace(person, attributes={**person.attributes, **known})
    if strangers == count:
        raise UserError(f"data.reader.labels: {plain(path)}: no row is of anybody in {META}")
    _require_few_values(path, attribute_values(found))
    return found, strangers


def attribute_values(people: Mapping[str, Person]) -> dict[str, tuple[str, ...]]:
    """The values of each attribute that people have, sorted."""
    values: dict[str, set[str]] = {}
    for person in people.values():
        for name, value in person.attributes.items():
            values.setdefault(name, set()).add(value)
    return {name: tuple(sorted(found)) for name, found in values.items()}


def _require_few_values(path: Path, values: Mapping[str, tuple[str, ...]]) -> None:
    for name, found in values.items():
        if len(found) > MAX_VALUES:
            raise UserError(
                f"{plain(path)}: {name} has {len(found)} values, more than {MAX_VALUES}; make "
                "groups of them, such as 20-29"
            )


def _cell(text: str) -> str:
    if len(text) > MAX_TEXT or not is_name(text):
        raise BadInput("a cell is no short name")
    return text


def _text(path: Path) -> str:
    return read_bounded(path, MAX_BYTES).decode("utf-8-sig", "surrogateescape")


def _rows(path: Path) -> Iterator[list[str]]:
    text = _text(path)
    tabs = "\t" in text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else ",", strict=True)
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise UserError(
            f"data.reader.labels: {plain(path)}:{reader.line_num}: not CSV ({plain(str(error))}); "
            "write it anew"
        ) from None
