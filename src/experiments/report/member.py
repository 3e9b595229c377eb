"""The runs that a report compares, and what varies among runs that nobody named a study."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.report.varied import Found, found_in, telling
from experiments.run import folder as files
from experiments.terminal.error import UserError

# What reading a file that is damaged, or holds something else than it should, may raise.
DAMAGED = (UserError, OSError, AssertionError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Member:
    """One run, or one that was to be. Nothing of it need exist.

    settings: what varies between the runs of a report, key -> value as text, without the seed; runs
    with equal settings are one arm. command: the command line that makes this run. failure: why the
    last try failed. note: what else a reader must know to make the run again.
    """

    folder: Path
    settings: Mapping[str, str]
    seed: int
    command: str
    failure: str | None = None
    finished: bool = False
    note: str | None = None


def members_of(folders: Sequence[Path]) -> list[Member]:
    """The runs of some folders, and what tells them apart.

    Runs that differ in their seeds alone are one arm. What tells arms apart is the shortest list of
    choices and overrides that does, as a person would have typed them; values of the configuration
    only where those do not. Raises `UserError` for a folder that is no run.
    """
    runs = [found_in(Path(folder)) for folder in dict.fromkeys(folders)]
    wanted = _wanted_by(runs)
    runs = [replace(run, wanted=run.folder.resolve() in wanted) for run in runs]
    keys = telling(runs)
    members = []
    for run in runs:
        parent = wanted.get(run.folder.resolve())
        members.append(
            Member(
                run.folder,
                {key: run.value(key) for key in keys},
                int(run.config.get("seed") or 0),
                command_of(run.overrides if parent is None else parent.overrides),
                failure(run.folder),
                finished(run.folder, run.config),
                None if parent is None else "trained first by this command, which builds on it",
            )
        )
    return _sorted(members, keys)


def readable(folders: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Those that can be told apart, and a line for each whose files are damaged."""
    found, lines = [], []
    for folder in folders:
        try:
            found_in(folder)
        except DAMAGED as error:
            reason = str(error) if isinstance(error, UserError) else f"{folder}: is damaged"
            lines.append(f"left out: {reason}")
        else:
            found.append(folder)
    return found, lines


def command_of(overrides: Iterable[str]) -> str:
    """A command line for a shell."""
    return " ".join(["python run.py", *(shlex.quote(item) for item in overrides)])


def finished(folder: Path, config: Mapping[str, Any]) -> bool:
    """Whether a run has seen all its images and was scored, if it is to be scored at all."""
    goal = goal_of(config)
    if goal is None or files.reached(folder) < goal:
        return False
    try:
        scores = files.run_scores(folder)
        scored = bool(scores and scores.get("images", 0) >= goal)
    except DAMAGED:
        return False
    return not config.get("metric") or scored


def goal_of(config: Mapping[str, Any]) -> int | None:
    """Images at the end of a run: `trainer.images`, rounded up to whole batches."""
    trainer = config.get("trainer") or {}
    try:
        images, batch = int(trainer["images"]), int(trainer["batch"])
    except (KeyError, TypeError, ValueError):
        return None
    return -(-images // batch) * batch


def score_names(folder: Path) -> list[str]:
    """Of the last scores of a run; none where they are damaged."""
    try:
        return list((files.run_scores(folder) or {}).get("scores", {}))
    except DAMAGED:
        return []


def failure(folder: Path) -> str | None:
    """Why the last try of a run failed, or None."""
    try:
        return files.run_failure(folder)
    except DAMAGED:
        return f"{files.FAILURE} is damaged"


def _wanted_by(runs: Sequence[Found]) -> dict[Path, Found]:
    """By the folder of a run that others built on: one of those, whose command trains both."""
    found: dict[Path, Found] = {}
    beside = {place for run in runs for place in run.folder.resolve().parent.parent.glob("*/*")}
    for place in sorted(beside):
        try:
            about = files.run_about(place)
            others = list((about.get("built_on") or {}).values())
        except DAMAGED:
            continue
        for other in others:
            parent = Found(place, {}, about, {})
            found.setdefault(Path(str(other)).expanduser().resolve(), parent)
    # What a parent's own command line does not make is made by the parent's parent.
    for place, parent in found.items():
        seen = {place}
        while (above := found.get(parent.folder.resolve())) and parent.folder not in seen:
            seen.add(parent.folder)
            parent = above
        found[place] = parent
    return found


def _sorted(members: list[Member], keys: Sequence[str]) -> list[Member]:
    """Numbers by size, other values in the order in which they came, seeds last."""
    places = {
        key: {value: place for place, value in enumerate(_levels(key, members))} for key in keys
    }
    return sorted(
        members,
        key=lambda member: (
            [places[key][member.settings[key]] for key in keys],
            member.seed,
            str(member.folder),
        ),
    )


def _levels(key: str, members: Sequence[Member]) -> list[str]:
    values = list(dict.fromkeys(member.settings[key] for member in members))
    try:
        return sorted(values, key=float)
    except ValueError:
        return values
