"""One-line messages for the person at the terminal."""

from __future__ import annotations

import os
import sys
from functools import cache


def say(line: str) -> None:
    """Write a line to stderr, from the main process only."""
    if os.environ.get("RANK", "0") == "0":
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


@cache
def say_once(line: str) -> None:
    """A line that several runs of this process would repeat."""
    say(line)


def show(text: str) -> None:
    """Write a result to stdout, from the main process only."""
    if os.environ.get("RANK", "0") == "0":
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
