"""How to look at what a run has tracked, a line for each tracker, as its folder tells it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from experiments.run.folder import STATS
from experiments.tracker.memory import remembered
from experiments.tracker.place import PROJECT

ONLINE, OFFLINE, BOARD = "W&B: ", "W&B, offline: ", "TensorBoard: "
EVENTS = "tensorboard"  # the folder of a run that TensorBoard reads


def together(folders: Sequence[Path]) -> list[str]:
    """The same for all runs of a study, with one command for each tracker."""
    found: dict[str, None] = {}
    for folder in folders:
        outputs = shlex.quote(str(folder.parent.parent))
        for line in looks(folder)[1:]:
            if line.startswith(OFFLINE):
                line = f"{OFFLINE}wandb sync {outputs}/*/*/wandb"
            elif line.startswith(BOARD):
                line = f"{BOARD}tensorboard --logdir {outputs}"
            elif line.startswith(ONLINE):
                line = line.partition("/runs/")[0]
            found[line] = None
    return list(found)


def looks(folder: Path) -> list[str]:
    """First the file that every run has, then a command or an address for each tracker."""
    known, found = remembered(folder), [str(folder / STATS)]
    if url := known.get("wandb", {}).get("url"):
        found.append(f"{ONLINE}{url}")
    parts = [part for part in (folder / "wandb").glob("offline-run-*") if part.is_dir()]
    if any(not list(part.glob("*.synced")) for part in parts):
        found.append(f"{OFFLINE}wandb sync {shlex.quote(str(folder / 'wandb'))}")
    if "trackio" in known:
        place = os.environ.get("TRACKIO_DIR") or folder.parent.parent / "trackio"
        project = shlex.quote(str(known["trackio"].get("project") or PROJECT))
        shown = f"TRACKIO_DIR={shlex.quote(str(place))} trackio show --project {project}"
        found.append(f"trackio: {shown}")
    if (folder / EVENTS).is_dir():
        found.append(f"{BOARD}tensorboard --logdir {shlex.quote(str(folder / EVENTS))}")
    return found
