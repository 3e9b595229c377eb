"""Which folders of options and packages of classes this person has used on this machine.

A run folder says what it was made with, and may come from anybody. What it names is looked at only
where a command of the same person named it before: `outside.json` in the folder of state, which
nothing else writes.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.config import outside
from experiments.file.kind import is_text, listed, mapped, shaped
from experiments.file.parse import parse_json
from experiments.file.whole import write_text

NAME = "outside.json"
_KIND = shaped({"folders": listed(is_text), "packages": mapped(is_text)}, "folders", "packages")


def _file() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "birdsong" / NAME


def _read() -> dict[str, Any]:
    try:
        found = parse_json(_file().read_bytes())
    except (OSError, ValueError, RuntimeError):  # RuntimeError: nobody has this home
        found = None
    return found if _KIND(found) else {"folders": [], "packages": {}}


def remember() -> None:
    """What this command brought; nothing where the home cannot be written, or is not there."""
    before = _read()
    folders = list(dict.fromkeys([*before["folders"], *map(str, outside.folders())]))
    packages = before["packages"] | {
        top: str(home)
        for top in {name.partition(".")[0] for name in outside.packages()}
        if (home := outside.home_of(top)) is not None
    }
    after = {"folders": folders, "packages": packages}
    if after != before:
        with suppress(OSError, RuntimeError):
            write_text(_file(), json.dumps(after, indent=2) + "\n")


def knows_folder(folder: str) -> bool:
    return folder in _read()["folders"]


def recall(package: str) -> bool:
    """Whether a package is one that this person has used, at the same place; it can be imported
    from now on."""
    top = package.partition(".")[0]
    place = _read()["packages"].get(top)
    if place is None or not Path(place).exists():
        return False
    if outside.home_of(top) is None:
        sys.path.append(str(Path(place).parent))
    return str(outside.home_of(top)) == place
