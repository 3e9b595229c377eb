"""What commands of clips have in common: their options, and files that cannot be used."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError


def of_file(path: Path, error: BadInput) -> UserError:
    """A file that cannot be used, with its name."""
    return UserError(f"{plain(path)}: {error}")


def seconds(text: str) -> float:
    """An option above 0."""
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def moment(text: str) -> float:
    """An option of 0 or more."""
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def require_new(folder: Path) -> None:
    """Raise `UserError` for a place where something is."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(f"--out {plain(folder)}: is there already; name a new folder")
