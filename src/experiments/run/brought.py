"""What a run was made with that is not Birdsong's: folders of options, and packages of classes.

Anybody may have written a run folder, so that it can only name what this person has used before
(`config/known.py`); else the command has to name it, as it had to when the run was made.
"""

from __future__ import annotations

from pathlib import Path

from experiments.config import known, outside
from experiments.config.target import targets_in
from experiments.run import folder as files
from experiments.terminal.error import UserError

SEARCHPATH = "searchpath"  # of run.json


def record() -> dict[str, list[str]]:
    """For `run.json`; nothing where there is nothing to record."""
    found = [str(folder) for folder in outside.folders()]
    return {SEARCHPATH: found} if found else {}


def bring_packages(folder: Path) -> None:
    """Let the networks of a run be classes of the packages that it was made with. Raises
    `UserError` where one is not here, or was not used here before."""
    config = files.run_config(folder)
    asked = [str(name) for name in (config.get("launch") or {}).get("targets") or ()]
    named = [str(target) for target in targets_in(config.get("system"))]
    for name in asked:
        used = any(target.startswith(f"{name}.") for target in named)
        if not used or outside.is_own(f"{name}."):
            continue
        if known.recall(name):
            outside.trust([name])
        elif outside.home_of(name.partition(".")[0]) is None:
            raise UserError(
                f"run={folder}: has networks of the package {name}, which is not here; install it, "
                f"or add launch.targets=[{name}] in the folder that has it"
            )
        else:
            raise UserError(
                f"run={folder}: has networks of the package {name}; if that is your own code, add "
                f"launch.targets=[{name}]"
            )


def bring_folders(folder: Path) -> None:
    """Have the options that a run was composed of, for a command that composes it again. Raises
    `UserError` where a folder was not used here before, or is gone."""
    here = {str(place) for place in outside.folders()}
    for place in files.run_about(folder).get(SEARCHPATH) or ():
        if place in here:
            continue
        if not known.knows_folder(place):
            raise UserError(
                f"run={folder}: was composed with --config-dir {place}; give that folder again, "
                "where it is now"
            )
        outside.add(f"run={folder}: --config-dir", place)
