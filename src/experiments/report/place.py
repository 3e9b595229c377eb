"""Where a report goes: a folder that names its arms, so that no report takes the place of another.

`all` for all runs, `<study>-<budget>` for a study as its file says it. Where a command line says
more than that, or lists runs, a word of what it says and a hash of the runs: two command lines
share a folder only where they compare the same runs.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from experiments.config.key import key_of, without
from experiments.report.member import Member
from experiments.report.record import Record
from experiments.run.identity import decides
from experiments.study.job import Study
from experiments.terminal.error import JOB_FAILED, UserError
from experiments.terminal.line import number_of

ALL, CSV = "all", "report.csv"
LONGEST = 60  # letters of a folder's name, before the hash
DIGITS = 6
ROOT = "data.root"


class NothingToReport(UserError):
    """There is no run to show."""

    code = JOB_FAILED


def place_of(
    outputs: Path,
    members: Sequence[Member],
    said: Sequence[str],
    study: Study | None,
    by_place: bool = False,
) -> Path:
    """The folder of a report. `said`: the overrides of its command; `study`: what they ask for,
    None for runs by their folders; `by_place`: whether the root of the data is their name, so that
    other roots are other runs."""
    folder = outputs / "report"
    if study is None:
        return folder / f"{_slug('-'.join(_names(members)))}-{_hash(members)}"
    title = "-".join(filter(None, [study.title, study.budget]))
    more = [item for item in without(said, "hydra") if decides(key_of(item))]
    rooted = by_place and ROOT in map(key_of, said)
    if study.name is not None and not more and not rooted:
        return folder / _slug(title)
    words = more if study.name is None else [title, *more]
    return folder / f"{_slug('-'.join(words))}-{_hash(members)}"


def require_runs(place: Path, records: Sequence[Record]) -> None:
    """Raises `NothingToReport` where the page that is there has finished runs and this one would
    have none: what took its place would say less than it."""
    if any(record.member.finished for record in records):
        return
    try:
        with (place / CSV).open(encoding="utf-8", newline="") as file:
            there = sum(row.get("state") == "finished" for row in csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return
    if there:
        raise NothingToReport(
            f"{place / 'report.html'}: stays: it shows {number_of(there, 'finished run')}, "
            "and of these runs none is finished now; remove it to have the new page"
        )


def _names(members: Sequence[Member]) -> list[str]:
    """What runs by their folders are: the recipes and data, each once."""
    return list(dict.fromkeys(member.folder.parent.name for member in members))


def _hash(members: Sequence[Member]) -> str:
    runs = sorted(f"{member.folder.parent.name}/{member.folder.name}" for member in members)
    return hashlib.sha256("\n".join(runs).encode()).hexdigest()[:DIGITS]


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text)[:LONGEST].strip("-.") or "report"
