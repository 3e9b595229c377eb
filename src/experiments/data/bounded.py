"""Files that other people wrote, read up to a bound."""

from __future__ import annotations

from pathlib import Path

from experiments.errors import UserError


def read_bounded(path: Path, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises `UserError` for one that cannot be read or is larger, before any of it is in memory.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            content = file.read(limit + 1) if size <= limit else b""  # it may grow meanwhile
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if max(size, len(content)) > limit:
        raise UserError(f"{path}: larger than {limit} bytes, which no such file should be")
    return content
