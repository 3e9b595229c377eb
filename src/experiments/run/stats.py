"""`stats.jsonl`, the numbers of a run that reports read.

One JSON object per line, "images" first, so that a run that is killed at any byte resumes without a
gap or a duplicate.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.file.parse import parse_json
from experiments.file.whole import write_text

log = logging.getLogger(__name__)

BLOCK = 1 << 16  # bytes that are read from the end of a file


class StatsFile:
    """Append-only JSON lines. Each line is complete on disk before `append` returns."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._checked = False

    def append(self, images: int, values: Mapping[str, Any]) -> None:
        """Write one line: `images` first, then `values`. A number that is not finite becomes null.

        Raises OSError when the disk is full; the torn line is removed by the next writer.
        """
        assert "images" not in values, "the position is its own argument"
        if not self._checked:
            self._drop_torn_line()
            self._checked = True
        record = {"images": images} | {name: _plain(value) for name, value in values.items()}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            with self.path.open("ab") as file:
                file.write(line.encode())
        except OSError:
            self._checked = False
            raise

    def truncate_after(self, images: int) -> None:
        """Keep the lines up to and including `images`, as a resumed run needs it (atomic)."""
        if not self.path.exists():
            return
        lines = _parse(self.path.read_bytes(), self.path.name)
        kept = [line for record, line in lines if record["images"] <= images]
        write_text(self.path, "".join(line + "\n" for line in kept))
        self._checked = True

    def since(self, images: int) -> list[dict[str, Any]]:
        """The lines from `images` on, in file order, as `read` gives them. They stand at the end,
        and no more of the file is read: it may be long, and this is asked often."""
        if not self.path.exists():
            return []
        size = BLOCK
        while True:
            with self.path.open("rb") as file:
                length = file.seek(0, os.SEEK_END)
                file.seek(max(0, length - size))
                content = file.read()
            whole = content if size >= length else content.partition(b"\n")[2]
            found = [_nan(record) for record, _ in _parse(whole, self.path.name)]
            if size >= length or (found and found[0]["images"] < images):
                return [record for record in found if record["images"] >= images]
            size *= 4

    @staticmethod
    def read(path: str | Path) -> list[dict[str, Any]]:
        """All complete lines in file order; null reads as NaN. A missing file has no lines."""
        path = Path(path)
        if not path.exists():
            return []
        return [_nan(record) for record, _ in _parse(path.read_bytes(), path.name)]

    def _drop_torn_line(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            os.truncate(self.path, end)


def _nan(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in record.items()}


def _parse(content: bytes, name: str) -> list[tuple[dict[str, Any], str]]:
    """Valid records with their text; a line without its newline was torn and is left out."""
    lines = content.decode(errors="replace").split("\n")[:-1]
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            record = parse_json(line)
            valid = isinstance(record, dict) and isinstance(record.get("images"), int)
        except ValueError:
            valid = False
        if valid:
            found.append((record, line))
        elif line.strip():
            log.warning("%s line %d is damaged and left out", name, number)
    return found


def _plain(value: Any) -> Any:
    """A JSON value: numbers of any library as int or float, not-finite ones as None."""
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else None
