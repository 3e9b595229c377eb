"""Checkpoints: written aside, synced, renamed and read back, so that the newest one is whole.

Only then is the one before the last removed. What a crash or a disk did to a file later is found by
its checksums, and the one before is taken. The format is that of `file/tensor.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from experiments.file import tensor as tensor_file
from experiments.file.tensor import Damaged, OtherFormat
from experiments.file.whole import atomic
from experiments.run.folder import by_images, file_at, reached
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import number_of, say

log = logging.getLogger(__name__)


def save(folder: Path, state: Mapping[str, Any], keep: int) -> Path:
    """Write a checkpoint, read it back, and remove all but it and the `keep` - 1 before it then:
    those of later, too, which were damaged when the run went on from before them.

    Raises `UserError` where the disk is full, not writable, or does not give back what was written;
    older checkpoints are untouched then.
    """
    path = file_at(folder, "checkpoints", state["images"])
    write(path, state)
    found = by_images(folder, "checkpoints")
    place = found.index(path)
    for other in (*found[:place], *found[place + keep :]):
        other.unlink(missing_ok=True)
    return path


def save_weights(
    folder: Path,
    images: int,
    export: Mapping[str, Any],
    kind: str = "weights",
    **elsewhere: Mapping[str, Any],
) -> Path:
    """Write what a finished run gives to others: its averaged networks, and where those of their
    tensors are that are kept `elsewhere` (`run/reference.py`). Never removed. `kind`: the folder,
    where these are another state of it.

    Raises `UserError` as `save` does.
    """
    path = file_at(folder, kind, images)
    write(path, {"images": images, "export": dict(export), **elsewhere})
    return path


def write(path: Path, state: Mapping[str, Any]) -> None:
    """Write one file and read it back before it has its name. Raises `UserError` as `save` does."""
    try:
        for torn in path.parent.glob("*.partial"):
            torn.unlink(missing_ok=True)
        with atomic(path) as partial:
            tensor_file.write(partial, state)
            tensor_file.check(partial)  # before it takes the place of any other
        log.debug("wrote %s, %d bytes", path, path.stat().st_size)
    except (OSError, SafetensorError, Damaged) as error:
        raise UserError(
            f"{path}: could not be written ({reason_of(error)}); make room and run the same "
            "command again: it resumes from the checkpoint before"
        ) from None


def read(path: Path) -> dict[str, Any]:
    """The state in one file, every byte checked.

    Raises `Damaged` where it is not what was written, and `UserError` where another version wrote
    it.
    """
    log.debug("reading %s", path)
    try:
        return tensor_file.read(path)
    except OtherFormat as other:
        raise UserError(
            f"{path}: format {other}, this version reads {tensor_file.FORMAT} and older ones; use "
            "the version that wrote it"
        ) from None


def load_newest(folder: Path) -> dict[str, Any] | None:
    """The newest checkpoint that is whole, or None where there is none.

    One that is damaged is named and passed over. Raises `UserError` where none is whole, and where
    the run was finished once and has lost them: it would begin anew and forget its statistics.
    """
    found = by_images(folder, "checkpoints")
    if not found and (there := reached(folder)):
        raise UserError(
            f"{folder}: has weights of {number_of(there, 'image')} and no checkpoint to go on "
            "from; bring back "
            "its checkpoints, or move the folder away to start again"
        )
    return first_whole(folder, found)


def first_whole(folder: Path, paths: list[Path]) -> dict[str, Any] | None:
    for path in paths:
        try:
            return read(path)
        except Damaged as damage:
            say(f"{path}: is damaged ({damage}); taking the one before")
    if paths:
        raise UserError(f"{folder}: no checkpoint is whole; move the folder away to start again")
    return None
