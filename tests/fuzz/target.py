"""What a fuzz target is: bytes of a foreign file go in, and only a defect comes out.

A parser may accept them, or refuse them with lines for a terminal. Anything else that it raises,
and a line that no terminal should be sent, is a defect.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from experiments.terminal.error import BadInput, UserError

LONGEST_LINE = 3000  # letters, of which the path of a file may be some


@dataclass(frozen=True)
class Target:
    """`reads`: the parser and its file, in words. `run`: takes the bytes of the file. `seeds`:
    whole files, from which others are made. `longest`: bytes that are tried at most."""

    name: str
    reads: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    longest: int = 4096


@contextmanager
def told() -> Iterator[None]:
    """A refusal in lines is no defect."""
    try:
        yield
    except (UserError, BadInput) as error:
        lines = str(error).split("\n")
        assert all(line.strip() for line in lines), "an empty line"
        for line in lines:
            assert line.isprintable(), f"no line for a terminal: {line!r}"
            assert len(line) < LONGEST_LINE, f"a line of {len(line)} letters: {line[:100]!r}..."


@cache
def scratch() -> Path:
    """A folder of this process, in memory where that is possible."""
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def put(name: str, content: bytes) -> Path:
    """A file in the scratch folder."""
    path = scratch() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
