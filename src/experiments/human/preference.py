"""The preferences that people gave at the page of task=app, one JSON line each: not trusted, read
up to a bound, validated.

{"caption": "a small red bird", "seed": 0, "runs": ["34f6266e81", "c442335e86"],
 "models": ["attngan", "attngan_4stage"], "choice": "c442335e86", "hidden": true,
 "time": "2026-11-29T12:00:00+00:00"}

`hidden` says whether the names of the models were; older lines do not say it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from experiments.file.bounded import read_bounded
from experiments.file.kind import is_name, is_whole
from experiments.file.parse import parse_json
from experiments.terminal.error import UserError

SUFFIX = ".jsonl"
LIMIT = 50_000_000  # bytes of a file
LONGEST = 2000  # letters of a caption
MOST = 12  # runs that are compared at once
FEW = 5  # lines that are named one by one


@dataclass(frozen=True)
class Preference:
    """One choice among `runs`, by their ids; None where nobody was preferred. `caption`: None where
    it was spoken, or a picture was given. `hidden`: the names of the runs were; None where that is
    not known."""

    caption: str | None
    seed: int
    runs: tuple[str, ...]
    names: tuple[str, ...]
    choice: str | None
    time: str
    hidden: bool | None = None


@dataclass(frozen=True)
class Preferences:
    """All that can be used; `refused`: a line for what was left out. `folder`: where results go.
    `hidden`: those alone that were given while names were hidden."""

    lines: list[Preference]
    folder: Path
    refused: list[str]
    hidden: bool = False


def are_preferences(paths: list[Path], hidden: bool = False) -> bool:
    """Whether the answers are of the application. Raises `UserError` where some are, and some of a
    page of task=human_study; and where none are, and those without names alone are wanted."""
    kinds = {path.suffix == SUFFIX for path in paths}
    if len(kinds) > 1:
        raise UserError(
            f"answers: some are preferences of task=app ({SUFFIX}), and some were saved by a page "
            "of task=human_study; name one kind"
        )
    if hidden and kinds != {True}:
        raise UserError(
            "human.hidden=true: is for preferences of task=app; a page of task=human_study never "
            "names a run; leave it away"
        )
    return kinds == {True}


def read_preferences(paths: list[Path], hidden: bool = False) -> Preferences:
    """Every line of the files, or those alone that were given while names were `hidden`. Raises
    `UserError` where none can be used."""
    found, refused = dict[str, Preference](), list[str]()
    copies = 0
    for path in paths:
        bad: Counter[str] = Counter()
        first: dict[str, int] = {}
        for number, row in enumerate(read_bounded(path, LIMIT).splitlines(), 1):
            if not row.strip():
                continue
            try:
                one = _preference(row)
            except ValueError as error:
                bad[str(error)] += 1
                first.setdefault(str(error), number)
                continue
            key = json.dumps([one.caption, one.seed, one.runs, one.choice, one.time])
            copies += key in found
            found.setdefault(key, one)
        refused += [
            f"{path}: line {first[why]}{f' and {count - 1} more' if count > 1 else ''}: {why}"
            for why, count in bad.most_common(FEW)
        ]
    if copies:
        refused.append(f"lines that stand there twice: {copies}, counted once")
    if not found:
        told = ", ".join(str(path) for path in paths)
        raise UserError("\n".join([f"answers={told}: holds no preference of task=app", *refused]))
    lines = [one for one in found.values() if one.hidden or not hidden]
    if open := len(found) - len(lines):
        refused.append(
            f"choices for which names were shown, or that do not say: {open} (human.hidden=true)"
        )
    if not lines:
        raise UserError("human.hidden=true: no choice was given while names were hidden")
    return Preferences(lines, paths[0].parent, refused, hidden)


def _preference(row: bytes) -> Preference:
    """Raises `ValueError` with what is wrong."""
    try:
        line: Any = parse_json(row, strict=True)
    except ValueError:
        raise ValueError("is no JSON") from None
    if not isinstance(line, Mapping):
        raise ValueError("is no preference")
    caption, runs, choice = line.get("caption"), line.get("runs"), line.get("choice")
    if not (caption is None or (isinstance(caption, str) and len(caption) <= LONGEST)):
        raise ValueError("the caption is no text")
    if not is_whole(line.get("seed")):
        raise ValueError("the seed is no number")
    if not isinstance(runs, list) or not all(map(is_name, runs)) or not 2 <= len(runs) <= MOST:
        raise ValueError(f"runs must be 2 to {MOST} ids")
    if len(set(runs)) < len(runs):
        raise ValueError("a run is compared with itself")
    if not (choice is None or choice in runs):
        raise ValueError("the choice is none of the runs")
    hidden = line.get("hidden")
    if not (hidden is None or isinstance(hidden, bool)):
        raise ValueError("hidden is neither true nor false")
    names = line.get("models")
    if not isinstance(names, list) or len(names) != len(runs) or not all(map(is_name, names)):
        names = runs
    try:
        time = datetime.fromisoformat(line["time"]).isoformat()
    except (KeyError, TypeError, ValueError):
        raise ValueError("does not say when it was given") from None
    return Preference(caption, line["seed"], tuple(runs), tuple(names), choice, time, hidden)
