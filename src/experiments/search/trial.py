"""One trial of a search: in the hands of a worker, and as it stands in the file and in a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.file.lock import Lock
from experiments.file.whole import aside
from experiments.search.request import Search
from experiments.terminal.error import UserError

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

# Attributes of a trial in Optuna's study.
SETTINGS, FOLDER, IMAGES, REASON = "settings", "folder", "images", "reason"
COMPLETE, PRUNED, FAILED, RUNNING, LOST = "complete", "pruned", "failed", "running", "lost"
ENDED = (COMPLETE, PRUNED, FAILED)


class SearchError(UserError):
    """What is wrong with the search itself, and so with every trial of it."""


@dataclass
class Held:
    """A trial that this process works on. number: Optuna's, from 0. resumed: another process had
    begun it. reported: the steps that the file has already."""

    number: int
    settings: dict[str, str]
    trial: Trial
    lock: Lock
    resumed: bool
    reported: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Tried:
    """A trial as it stands. place: from 1. state: complete, pruned, failed, running, or lost, which
    is running while nobody works on it. score: the last one of a pruned trial."""

    place: int
    state: str
    score: float | None
    settings: dict[str, str]
    folder: str
    images: int | None
    reason: str


def tried(trial: FrozenTrial, is_free: Callable[[int], bool]) -> Tried:
    """A trial as it stands. is_free: whether nobody works on the trial of a number."""
    states = {"COMPLETE": COMPLETE, "PRUNED": PRUNED, "FAIL": FAILED}
    state = states.get(trial.state.name, RUNNING)
    if state == RUNNING and is_free(trial.number):
        state = LOST
    about = trial.user_attrs
    return Tried(
        trial.number + 1,
        state,
        trial.values[0] if trial.values else None,
        about.get(SETTINGS, {}),
        about.get(FOLDER, ""),
        about.get(IMAGES),
        about.get(REASON, ""),
    )


def write_table(path: Path, search: Search, trials: Sequence[Tried]) -> None:
    """All trials as comma-separated values, whole or not at all."""
    keys = list(search.space)
    with (
        aside(path, alone=True) as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["trial", "state", search.score, "images", *keys, FOLDER, REASON])
        for t in trials:
            values = [t.settings.get(key, "") for key in keys]
            writer.writerow([t.place, t.state, t.score, t.images, *values, t.folder, t.reason])
