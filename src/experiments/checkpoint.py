"""Checkpoints: written aside, synced and renamed, so that the newest one is always whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from experiments.errors import UserError
from experiments.terminal import say

FORMAT = 1
PATTERN = "images-*.pt"
FACTS, CONFIG = "facts.json", "config.json"


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a run, newest first."""
    return sorted((folder / "checkpoints").glob(PATTERN), reverse=True)


def images_of(path: Path) -> int:
    """Images seen by a checkpoint, from its name."""
    return int(path.stem.partition("-")[2])


def save(folder: Path, state: Mapping[str, Any], keep: int) -> Path:
    """Write a checkpoint atomically and remove all but the newest `keep`.

    Raises `UserError` where the disk is full or not writable; older checkpoints are untouched then.
    """
    place = folder / "checkpoints"
    path = place / f"images-{state['images']:010d}.pt"
    partial = path.with_suffix(".partial")
    try:
        place.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        directory = os.open(place, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        raise UserError(
            f"{path}: could not be written ({error}); make room and run the same command again: "
            "it resumes from the checkpoint before"
        ) from None
    for old in checkpoints(folder)[keep:]:
        old.unlink(missing_ok=True)
    for torn in place.glob("*.partial"):
        torn.unlink(missing_ok=True)
    return path


def load_newest(folder: Path) -> dict[str, Any] | None:
    """The newest checkpoint that can be read, or None where there is none.

    One that cannot be read is named and passed over. Nothing is unpickled but tensors.
    """
    for path in checkpoints(folder):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a torn file fails in many ways
            say(f"{path}: cannot be read ({type(error).__name__}); taking the one before")
            continue
        if state.get("format") != FORMAT:
            raise UserError(
                f"{path}: format {state.get('format')}, this version reads {FORMAT}; "
                "use the version that wrote it"
            )
        return state
    if any(checkpoints(folder)):
        raise UserError(f"{folder}: no checkpoint can be read; move the folder away to start again")
    return None


def run_facts(folder: Path) -> dict[str, Any]:
    """What the data of a run decided: sizes, vocabulary, names."""
    return _read_json(folder, FACTS)


def run_config(folder: Path) -> dict[str, Any]:
    """The resolved configuration of a run."""
    return _read_json(folder, CONFIG)


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    if not folder.is_dir():
        raise UserError(f"run={folder}: there is no such folder")
    if not path.is_file():
        raise UserError(f"run={folder}: is not a run folder (it has no {name})")
    try:
        return json.loads(path.read_text())
    except ValueError:
        raise UserError(f"{path}: is damaged; run the training command again") from None


def load_pretrained(module: nn.Module, folder: Path, facts: Mapping[str, Any]) -> None:
    """Give a module the exported weights of a finished run of its group, "encoder".

    The vocabulary must be the one the run was trained with. Raises `UserError`.
    """
    theirs = run_facts(folder)
    if hasattr(module, "text") and facts.get("vocabulary_hash") not in (
        None,
        theirs["vocabulary_hash"],
    ):
        raise UserError(
            f"{folder}: was trained with another vocabulary ({theirs['vocabulary_hash']}, these "
            f"data have {facts['vocabulary_hash']}); train it on these data or leave the path away"
        )
    state = load_newest(folder)
    if state is None:
        raise UserError(f"{folder}: has no checkpoint; train it first")
    try:
        module.load_state_dict(state["export"]["encoder"])
    except (KeyError, RuntimeError) as error:
        line = " ".join(str(error).split())[:300]
        raise UserError(f"{folder}: its encoder does not fit this configuration: {line}") from None
