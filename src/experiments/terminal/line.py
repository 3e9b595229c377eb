"""One-line messages for the person at the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache

from experiments.terminal.error import printable
from experiments.terminal.secret import without_home, without_secrets

LOG = "BIRDSONG_LOG"  # in the environment of a job whose words go into its run folder


def say(line: str, anyone: bool = False) -> None:
    """Write a line to stderr, from the main process only, or from `anyone`."""
    if anyone or os.environ.get("RANK", "0") == "0":
        sys.stderr.write(_told(line) + "\n")
        sys.stderr.flush()


@cache
def say_once(line: str) -> None:
    """A line that several runs of this process would repeat."""
    say(line)


def show(text: str) -> None:
    """Write a result to stdout, from the main process only."""
    if os.environ.get("RANK", "0") == "0":
        sys.stdout.write(_told(text) + "\n")
        sys.stdout.flush()


def _told(text: str) -> str:
    """Without secrets, and without the home folder where it is kept."""
    text = without_secrets(printable(text))
    return without_home(text) if LOG in os.environ else text


def in_columns(rows: Sequence[Sequence[str]], right: bool = False) -> list[str]:
    """Lines of cells, those of a column under one another, flush left or `right`."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    pad = str.rjust if right else str.ljust
    return ["  ".join(map(pad, row, widths)).rstrip() for row in rows]
