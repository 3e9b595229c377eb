"""What the person at the terminal is told: one-line messages, tables, numbers in words."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from experiments.terminal.error import printable
from experiments.terminal.secret import without_home, without_secrets
from experiments.terminal.stream import write

UNIT = re.compile(r"(?<=\d)\u00a0(?=%)")  # 15.8 %, as pages keep it on one line
LOG = "BIRDSONG_LOG"  # in the environment of a job whose words go into its run folder


def say(line: str, anyone: bool = False) -> None:
    """Write a line to stderr, from the main process only, or from `anyone`. Raises nothing."""
    if anyone or os.environ.get("RANK", "0") == "0":
        write("stderr", _told(line) + "\n")


@cache
def say_once(line: str) -> None:
    """A line that several runs of this process would repeat."""
    say(line)


def show(text: str) -> None:
    """Write a result to stdout, from the main process only. Raises nothing."""
    if os.environ.get("RANK", "0") == "0":
        write("stdout", _told(text) + "\n")


def aligned(rows: Sequence[Sequence[str]], right: bool = False) -> list[str]:
    """A line for each row, the cells of a column under one another."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    form = ">" if right else "<"
    lines = ("  ".join(map(f"{{:{form}{{}}}}".format, row, widths)) for row in rows)
    return [line.rstrip() for line in lines]


def number_of(number: Any, word: str, form: str = "") -> str:
    """1 run, 2 runs, 3 classes; with `form` "," 1,200 runs."""
    several = "es" if word.endswith("s") else "s"
    return f"{number:{form}} {word}{'' if number == 1 else several}"


def millions(number: int) -> str:
    """Parameters: 7.35 M, and 2.3 k where two digits behind the point would say nothing."""
    return f"{number / 1e6:.2f} M" if number >= 50_000 else f"{number / 1e3:.1f} k"


def are(number: int) -> str:
    """`is` of one, `are` of several."""
    return "is" if number == 1 else "are"


def near(path: Path) -> Path:
    """The path as seen from here, where it lies below: a table has no two kinds of paths."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def folded(lines: Sequence[str], most: int = 4) -> list[str]:
    """The first lines, and how many more there are, where they are more than `most`."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"... and {len(lines) - most + 1} more of this kind"]


def amount(size: float) -> str:
    """Bytes in words: 584 MB, 1.2 GB."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} GB" if size < 999.5 else f"{size:,.0f} GB"


def duration(seconds: float) -> str:
    """12 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def _told(text: str) -> str:
    """Without secrets, and without the home folder where it is kept."""
    text = without_secrets(printable(UNIT.sub(" ", text)))
    return without_home(text) if LOG in os.environ else text
