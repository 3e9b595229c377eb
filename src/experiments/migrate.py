"""Checkpoints of format 1, written anew: `python -m experiments.migrate RUN_FOLDER...`.

Format 1 was a file of `torch.save`. It is read here alone, with PyTorch's reader of plain tensors,
which runs no code. A file is removed when the new one was read back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from experiments import checkpoint
from experiments.errors import UserError, as_user_error
from experiments.folder import file_at, images_of, old_states, run_facts
from experiments.identity import run_lock
from experiments.terminal import say, show

USAGE = "python -m experiments.migrate outputs/<model>-<data>/<id> ..."


def migrate(folder: Path) -> int:
    """Write all states of a run in the present format; returns how many there were.

    Raises `UserError` for a folder without any, and for a file that cannot be read, which stays.
    """
    old = [path for kind in ("checkpoints", "weights") for path in old_states(folder, kind)]
    if not old:
        raise UserError(f"{folder}: has no checkpoint of format 1; {USAGE}")
    with run_lock(folder):
        for path in old:
            _write_anew(folder, path)
    return len(old)


def _write_anew(folder: Path, path: Path) -> None:
    state = _read(path)
    if path.parent.name == "weights":
        state = {"images": state["images"], "export": state["export"]}
    else:
        state |= {"data": run_facts(folder).get("data")}
    try:
        checkpoint.write(file_at(folder, path.parent.name, state["images"]), state)
    except (AssertionError, AttributeError, RuntimeError, TypeError, ValueError):
        raise _no_checkpoint(path) from None  # holds what no run has ever saved
    path.unlink()


def _read(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a torn file fails in many ways
        raise UserError(
            f"{path}: cannot be read ({type(error).__name__}); remove it to go on without it"
        ) from None
    known = isinstance(state, dict) and state.get("format") == 1 and "export" in state
    if not known or state.get("images") != images_of(path):
        raise _no_checkpoint(path)
    return {key: value for key, value in state.items() if key != "format"}


def _no_checkpoint(path: Path) -> UserError:
    return UserError(f"{path}: is no checkpoint of format 1; remove it to go on without it")


def main(arguments: Sequence[str]) -> int:
    """Migrate the folders; returns the exit code."""
    try:
        if not arguments or arguments[0].startswith("-"):
            raise UserError(f"name the folders of runs: {USAGE}")
        for name in arguments:
            show(f"{name}: {migrate(Path(name))} files are of the present format now")
    except Exception as error:
        known = as_user_error(error)
        if known is None:
            raise
        say(f"error: {known}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
