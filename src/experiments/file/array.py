"""Arrays in one npz file, written so that a reader never meets half of it."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.file.whole import aside
from experiments.terminal.error import UserError, reason_of

UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    AttributeError,
    LookupError,
    OverflowError,
    MemoryError,
    RuntimeError,  # with it NotImplementedError: a torn archive may claim to be encrypted
    SyntaxError,
    tokenize.TokenError,  # of the text that a header of numpy is
    zipfile.BadZipFile,
    zlib.error,
)


def save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write beside `path`, sync, and rename over it."""
    with aside(path, synced=True) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """What `save_arrays` wrote. Raises `UserError` for a file that is missing or something else."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except UNREADABLE as error:
        raise UserError(
            f"{path} cannot be read ({reason_of(error)}): delete it to compute it again"
        ) from None
