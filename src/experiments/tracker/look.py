"""How to look at what a run has tracked, a line for each tracker, as its folder tells it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from experiments.run.folder import STATS
from experiments.tracker.memory import remembered
from experiments.tracker.place import PROJECT

EVENTS = "tensorboard"  # the folder of a run that TensorBoard reads


def looks(folder: Path) -> list[str]:
    """First the file that every run has, then a command or an address for each tracker."""
    known, found = remembered(folder), [str(folder / STATS)]
    if url := known.get("wandb", {}).get("url"):
        found.append(f"W&B: {url}")
    parts = [part for part in (folder / "wandb").glob("offline-run-*") if part.is_dir()]
    if any(not list(part.glob("*.synced")) for part in parts):
        found.append(f"W&B, offline: wandb sync {shlex.quote(str(folder / 'wandb'))}")
    if "trackio" in known:
        place = os.environ.get("TRACKIO_DIR") or folder.parent.parent / "trackio"
        project = shlex.quote(str(known["trackio"].get("project") or PROJECT))
        shown = f"TRACKIO_DIR={shlex.quote(str(place))} trackio show --project {project}"
        found.append(f"trackio: {shown}")
    if (folder / EVENTS).is_dir():
        found.append(f"TensorBoard: tensorboard --logdir {shlex.quote(str(folder / EVENTS))}")
    return found
