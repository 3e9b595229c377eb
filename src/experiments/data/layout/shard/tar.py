"""Tars as webdataset writes them: files of one name with several endings are one row.

`a/0001.jpg`, `a/0001.txt` and `a/0001.json` are a row with the columns `jpg`, `txt` and `json`. The
tar is read by its headers once; what is not a plain file in it, or has no such name, is left. No
member is executed or unpickled: kinds that would be (`pth`, `pickle`) are never looked at.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.images import MAX_BYTES
from experiments.data.layout.json_text import loads
from experiments.data.layout.shard.base import broken, even_groups, value_at
from experiments.terminal.error import BadInput, UserError

NAME = re.compile(r"(?P<key>(?:.*/|)[^./][^.]*|[^./][^.]*)[.](?P<field>[^/]*)")
TEXTS, JSONS, WHOLES = ("txt", "text", "transcript"), ("json", "jsn"), ("cls", "cls2", "index")
MAX_TEXT = 1_000_000  # bytes of a member that is text
MAX_MEMBERS = 10_000_000
LOOKED_AT = 100  # rows that tell the columns


@dataclass(frozen=True)
class Member:
    """Where the content of a file lies in the tar."""

    begin: int
    size: int


class TarShard:
    """See `base.Shard`."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._rows: list[tuple[str, dict[str, Member]]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "name": self.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def groups(self) -> np.ndarray:
        return even_groups(len(self._index()))

    def rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        with self.path.open("rb") as file:
            for _, members in self._index():
                yield self._values(file, members, columns)

    def close(self) -> None:
        self._rows = None

    def key(self, row: int) -> str:
        return self._index()[row][0]

    def cell(self, row: int, column: str) -> Any:
        member = self._index()[row][1].get(column)
        if member is None:
            return None
        if member.size > MAX_BYTES:
            raise BadInput("file is too large")
        with self.path.open("rb") as file:
            return {"bytes": _content(file, member), "path": None}

    def fields(self) -> list[str]:
        """The endings of the first rows, in their order."""
        found = (members for _, members in self._index()[:LOOKED_AT])
        return list(dict.fromkeys(field for members in found for field in members))

    def first(self, field: str) -> Any:
        """What the first row has that has this ending and can be read: JSON, for its fields."""
        with self.path.open("rb") as file:
            for _, members in self._index()[:LOOKED_AT]:
                if field in members and members[field].size <= MAX_TEXT:
                    try:
                        return _decoded(field, _content(file, members[field]))
                    except BadInput:
                        continue
        return None

    def _values(
        self, file: Any, members: Mapping[str, Member], columns: Sequence[str]
    ) -> dict[str, Any]:
        read: dict[str, Any] = {}
        found: dict[str, Any] = {}
        for column in columns:
            field = column if column in members else column.partition(".")[0]
            if field in members and field not in read:
                member = members[field]
                try:
                    if member.size > MAX_TEXT:
                        raise BadInput(f"{field} is too large")
                    read[field] = _decoded(field, _content(file, member))
                except BadInput as reason:
                    read[field] = reason  # of this row alone; whoever wants the value raises it
            value = read.get(field)
            found[column] = value if isinstance(value, BadInput) else value_at(read, column)
        return found

    def _index(self) -> list[tuple[str, dict[str, Member]]]:
        if self._rows is None:
            self._rows = self._listed()
        return self._rows

    def _listed(self) -> list[tuple[str, dict[str, Member]]]:
        rows: list[tuple[str, dict[str, Member]]] = []
        try:
            with tarfile.open(self.path, "r:") as archive:
                for number, member in enumerate(archive):
                    if number > MAX_MEMBERS:
                        raise UserError(f"{self.path}: more than {MAX_MEMBERS:,} members")
                    archive.members = []  # type: ignore[attr-defined]  # else it remembers all
                    name = NAME.fullmatch(member.name)
                    if name is None or not member.isreg() or member.sparse is not None:
                        continue
                    key, field = name["key"], name["field"].lower()
                    if not rows or rows[-1][0] != key or field in rows[-1][1]:
                        rows.append((key, {}))
                    rows[-1][1][field] = Member(member.offset_data, member.size)
                end = self.path.stat().st_size
        except UserError:
            raise
        except Exception as error:
            raise broken(self.path, error) from None
        if rows and max(m.begin + m.size for m in rows[-1][1].values()) > end:
            raise broken(self.path, "it ends before its last member")
        return rows


def _content(file: Any, member: Member) -> bytes:
    file.seek(member.begin)
    content: bytes = file.read(member.size)
    if len(content) < member.size:
        raise BadInput("file ends before its header says")
    return content


def _decoded(field: str, content: bytes) -> Any:
    ending = field.rpartition(".")[2]
    text = content.decode("utf-8", "surrogateescape")
    if ending in JSONS:
        return loads(text)
    if ending in WHOLES:
        try:
            return int(text)
        except ValueError:
            raise BadInput(f"{field} is no whole number") from None
    return text.strip()


def inferred(value: Any) -> Any:
    """What `datasets` would say of a value of JSON: features of its fields, or of itself."""
    import datasets

    if isinstance(value, Mapping):
        return {str(name): inferred(item) for name, item in value.items()}
    if isinstance(value, list):
        return datasets.List(inferred(value[0])) if value else datasets.Value("null")
    kinds = ((bool, "bool"), (int, "int64"), (float, "float64"), (str, "string"))
    return datasets.Value(next((name for kind, name in kinds if isinstance(value, kind)), "null"))
