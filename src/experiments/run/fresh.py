"""`fresh=true`: what a run has so far moves aside, and the run begins anew in its folder.

    <model>-<data>/before/<id>-<time>/      no reader looks for runs so deep

The folder itself stays, and with it the lock that the caller holds: another process that waits for
it never sees a folder without a lock. Weights and checkpoints go first, so that what a kill leaves
behind is a run that has not begun.

`fresh.json` in the folder says which command began it, so that the same command, given again after
an interruption, goes on. A command begins anew once more where all that it began is finished, or
where the code has changed since.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.file.whole import write_json
from experiments.run import folder as files
from experiments.run.change import changes
from experiments.run.folder import FRESH
from experiments.run.lock import LOCK
from experiments.terminal.error import UserError
from experiments.terminal.line import LOG

BEFORE = "before"
ASIDE = re.compile(r"(.+)-\d{8}-\d{6}(?:-\d+)?")  # the name of a folder there
FIRST = (FRESH, "weights", "best", "checkpoints")
COMMAND = "BIRDSONG_COMMAND"  # of which study a job is one, for what it begins
# Set where a cluster, or torchrun, starts the same command again: what it has begun goes on.
RESTARTS = ("SLURM_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT")


def home_of(folder: Path) -> Path:
    """Where a run was trained: one that was moved aside has come from beside `before`."""
    place = folder.resolve()
    was = ASIDE.fullmatch(place.name) if place.parent.name == BEFORE else None
    return place if was is None else place.parent.parent / was[1]


def asides_of(folder: Path) -> list[Path]:
    """What a run in this folder has moved aside, the newest first."""
    found = (folder.parent / BEFORE).glob(f"{glob.escape(folder.name)}-*")
    return sorted((place for place in found if home_of(place) == folder.resolve()), reverse=True)


def restarted(environment: Mapping[str, str]) -> bool:
    """Whether this command was started before, and somebody else starts it again."""
    return any(environment.get(name, "0") not in ("", "0") for name in RESTARTS)


def token(words: Sequence[object]) -> str:
    """What tells a command from others: of its overrides, or of those of all jobs of a study."""
    return hashlib.sha256(json.dumps(list(words)).encode()).hexdigest()[:16]


def begun_by(folder: Path, command: str) -> bool:
    """Whether this command (`token`) began the run in a folder, by the code that is there now."""
    try:
        own = (folder / FRESH).is_file() and files.read(folder / FRESH)["of"] == command
    except UserError:  # damaged
        return False
    return own and not changes(folder)


def begin(folder: Path, command: str) -> Path | None:
    """`set_aside`, and note the command (`token`) that begins the run now."""
    place = set_aside(folder)
    write_json(folder / FRESH, {"of": command})
    return place


def set_aside(folder: Path) -> Path | None:
    """Move everything in the folder of a run aside, but the log of this job; returns where to, or
    None where there was nothing. The caller holds its lock. Raises `UserError` where it cannot be
    moved."""
    said = Path(os.environ[LOG]).name if LOG in os.environ else ""  # this job writes it now
    found = {path.name: path for path in folder.iterdir() if path.name not in (LOCK, said)}
    if not found.keys() - {FRESH}:
        return None
    stem = f"{folder.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    place = folder.parent / BEFORE / stem
    number = 1
    while place.exists():  # two of one second differ
        number += 1
        place = folder.parent / BEFORE / f"{stem}-{number}"
    ordered = [*(name for name in FIRST if name in found), *(n for n in found if n not in FIRST)]
    try:
        place.mkdir(parents=True)
        for name in ordered:
            found[name].replace(place / name)
    except OSError as error:
        raise UserError(
            f"fresh: {folder} cannot be moved to {place} ({error.strerror}); move it by hand"
        ) from None
    return place
