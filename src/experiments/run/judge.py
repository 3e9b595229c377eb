"""The discriminators of a finished run, for one that grows on it."""

from __future__ import annotations

from pathlib import Path

from experiments.run.folder import file_at
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of


def judges(path: str, place: Path, images: int) -> Path:
    """The file that has them, for the node at `path`: no weights that are handed on do. Raises
    `UserError` where it is not there."""
    found = file_at(place, "checkpoints", images)
    if not found.is_file():
        raise UserError(
            f"{path}.pretrained={place}: has no discriminators, as releases and exports have none "
            f"and runs have them in their checkpoint of {number_of(images, 'image')}; add "
            f"{path}.pretrained=null to begin with fresh ones"
        )
    return found
