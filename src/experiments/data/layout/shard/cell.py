"""The bytes of a picture, sound or clip in a shard, or the file that a row names instead."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.images import MAX_BYTES, path_inside
from experiments.data.layout.shard.base import Shard
from experiments.data.layout.shard.column import Role, Roles
from experiments.data.layout.shard.opened import Opened
from experiments.terminal.error import BadInput

MARK = "#"  # between a shard and the number of a row, in `Record.image`
HELD = 32  # shards that stay open


class Cells:
    """Cells of a source by their place, `<shard>#<row>`. `follow`: files may lie elsewhere."""

    def __init__(self, opened: Opened, roles: Roles, follow: bool) -> None:
        self.opened, self.roles, self.follow = opened, roles, follow
        shards = (shard for found in opened.splits.values() for shard in found)
        self._shards = {shard.name: shard for shard in shards}
        self._used: dict[str, Shard] = {}
        self._file: Any = None
        self._numbers = {name: number for number, name in enumerate(self._shards)}
        self._ends: dict[str, np.ndarray] = {}  # of the groups of each shard

    def __getstate__(self) -> dict[str, Any]:
        """Without the file that is written out, which a copy would take away."""
        return self.__dict__ | {"_file": None, "_used": {}}

    def content(self, place: str, role: Role, what: str) -> bytes | Path | None:
        """Bytes, or a file within the root; None where the row has neither. `what`: for an error.
        Raises `BadInput` for what is too large, empty, missing or elsewhere."""
        name, _, row = place.rpartition(MARK)
        shard, column = self._shards.get(name), getattr(self.roles, role)
        if shard is None or column is None or not row.isdigit():
            raise BadInput(f"{what}: its shard is gone")
        self._use(shard)
        value = shard.cell(int(row), column.name)
        path = value
        if isinstance(value, Mapping):
            path, value = value.get("path"), value.get("bytes")
        if not isinstance(value, bytes):
            return self._named(path) if isinstance(path, str) and path else None
        if len(value) > MAX_BYTES:
            raise BadInput("file is too large")
        if not value:
            raise BadInput("file is empty")
        return value

    def in_file(self, place: str, role: Role, what: str) -> Path | None:
        """The same as a file, which is there until the next one is asked for."""
        found = self.content(place, role, what)
        if not isinstance(found, bytes):
            return found
        self._file = tempfile.NamedTemporaryFile(prefix="birdsong-")  # noqa: SIM115
        self._file.write(found)
        self._file.flush()
        return Path(self._file.name)

    def group(self, place: str) -> int:
        """A number that the rows of one group of a shard have in common, and no others."""
        name, _, row = place.rpartition(MARK)
        shard = self._shards[name]
        self._use(shard)
        if name not in self._ends:
            self._ends[name] = np.cumsum(shard.groups())
        number = int(np.searchsorted(self._ends[name], int(row), side="right"))
        return (self._numbers[name] << 32) + number

    def _use(self, shard: Shard) -> None:
        """Close what was not used for longest, where many are open."""
        self._used.pop(shard.name, None)
        self._used[shard.name] = shard
        if len(self._used) > HELD:
            self._used.pop(next(iter(self._used))).close()

    def _named(self, path: str) -> Path:
        """A file that a row names: beside the file of the row, or below the root."""
        root, given = self.opened.root, Path(path)
        if given.is_absolute():
            if not given.is_relative_to(root):
                raise BadInput("path leaves the root")
            return path_inside(root, given.relative_to(root).as_posix(), self.follow)
        tops = dict.fromkeys([*(file.parent for file in self.opened.files), root])
        top = next((top for top in tops if (top / path).exists()), root)
        return path_inside(root, (top.relative_to(root) / path).as_posix(), self.follow)
