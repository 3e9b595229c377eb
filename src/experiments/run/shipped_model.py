"""Models that come with Birdsong, to draw with before anything is trained: run=<name>.

What is drawn goes beside a run, and an installation may not be written to. So the first command
that names one copies it to `<outputs>/<name>`.
"""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path

from experiments.file.digest import sha256
from experiments.file.whole import aside
from experiments.run import folder as files
from experiments.terminal.error import UserError

SHIPPED = Path(__file__).resolve().parents[1] / "shipped"  # beside the modules
MODELS = SHIPPED / "model"


def shipped_model(name: str, outputs: Path) -> Path | None:
    """The folder of a model that comes with Birdsong, copied into `outputs` where it is not there
    yet, or where another version has another one; None where none has the name. Raises `UserError`
    where something else is in its place."""
    source = MODELS / name
    if not name or "/" in name or not files.is_export(source):
        return None
    place = outputs / name
    if place.exists() and not files.is_export(place):
        raise UserError(
            f"run={name}: the model that comes with Birdsong is copied to {place}, where something "
            "else is; move that away"
        )
    if place.exists() and sha256(place / files.EXPORT) == sha256(source / files.EXPORT):
        return place
    if place.exists():  # of another version; what was drawn with it stays
        shutil.copytree(source, place, dirs_exist_ok=True)
        return place
    try:
        with aside(place) as partial:
            shutil.copytree(source, partial)
    except OSError:
        if not files.is_export(place):  # else another process was faster
            raise
    return place


def near_model(name: str) -> str:
    """The end of a line about a run that is not there: the model that may have been meant."""
    near = difflib.get_close_matches(name, [folder.name for folder in MODELS.iterdir()], n=1)
    return f"; run={near[0]} is a model that comes with Birdsong" if near else ""
