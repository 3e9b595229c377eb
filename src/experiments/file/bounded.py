"""Files that other people wrote, read up to a bound."""

from __future__ import annotations

import stat
from pathlib import Path

from experiments.file.name import plain
from experiments.terminal.error import UserError


def read_bounded(path: Path, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises `UserError` for one that cannot be read, is none or is larger, before any of it is in
    memory.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would keep whoever opens it waiting
            raise UserError(f"{plain(path)}: cannot be read (not a file)")
        with path.open("rb") as file:  # it may grow meanwhile
            content = file.read(limit + 1) if status.st_size <= limit else b""
    except OSError as error:
        raise UserError(f"{plain(path)}: cannot be read ({error.strerror})") from None
    if max(status.st_size, len(content)) > limit:
        raise UserError(f"{plain(path)}: larger than {limit} bytes, which no such file should be")
    return content
