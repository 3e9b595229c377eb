"""One-line messages for the person at the terminal."""

from __future__ import annotations

import os
import sys


def say(line: str) -> None:
    """Write a line to stderr, from the main process only."""
    if os.environ.get("RANK", "0") == "0":
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def show(text: str) -> None:
    """Write a result to stdout, from the main process only."""
    if os.environ.get("RANK", "0") == "0":
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
