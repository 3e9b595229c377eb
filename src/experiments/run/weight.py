"""Weights of finished runs, for whoever asks: newest networks, and what a node builds on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from experiments.data.text.reading import reads_of
from experiments.file.tensor import Damaged
from experiments.run.checkpoint import first_whole, read
from experiments.run.exported import read_export
from experiments.run.fact import require_vocabulary
from experiments.run.folder import MODEL, by_images, images_of, is_export, run_config
from experiments.run.pretrained import role
from experiments.terminal.error import UserError, reason_of

SAME_PICTURE = {"checkpoint_last", "fast_upsample", "_target_"}  # keys of networks that draw alike


def load_export(folder: Path) -> dict[str, Any]:
    """The newest averaged networks, of a finished run or of one that is on its way.

    Returns `images` and `export`. Raises `UserError` where there are none.
    """
    if is_export(folder):
        return read_export(folder)
    found = by_images(folder, "weights") + by_images(folder, "checkpoints")
    state = first_whole(folder, sorted(found, key=images_of, reverse=True))
    if state is None:
        raise UserError(f"run={folder}: has no weights yet; train it first")
    return state


def load_pretrained(
    module: nn.Module, node: Mapping[str, Any], facts: Mapping[str, Any], path: str
) -> None:
    """Give a module, made from the node at `path`, the weights of a finished run that the node
    names: those of the group that it became there.

    The vocabulary must be the one that the run was trained with, where the encoder reads words.
    The module is marked, so that no fresh weights replace these. Raises `UserError`.
    """
    file, group = Path(node["pretrained"]), role(path)
    exported = file.name == MODEL
    folder = file.parent if exported else file.parents[1]
    if hasattr(module, "text"):
        remedy = "leave the path away and one is trained on these data"
        require_vocabulary(folder, facts, reads_of(module), remedy)
    elif group != "encoder":  # it draws what its encoder has made of words
        require_vocabulary(folder, facts, None, "take a run that was trained with these words")
    try:
        state = load_export(folder) if exported else read(file)
    except Damaged as damage:
        raise UserError(
            f"{file}: is damaged ({damage}); remove this file, and the next run that needs it "
            "makes it again from its last checkpoint"
        ) from None
    try:
        module.load_state_dict(_weights_of(state, group))
        fault = "" if group == "encoder" else unseen(run_config(folder).get(group) or {}, node)
    except (KeyError, RuntimeError) as error:
        fault = reason_of(error)
    if fault:
        found = differences(dict(run_config(folder).get(group) or {}), dict(node))
        line = "; ".join(found) or fault
        raise UserError(
            f"{folder}: its {group} is not the one that this configuration asks for: {line}"
        )
    module.came_trained = True  # type: ignore[assignment]


def _weights_of(state: Mapping[str, Any], group: str) -> Mapping[str, Any]:
    """Of the networks of a group. Discriminators are no part of what a run exports: of a checkpoint
    they are the last ones, as there is no average of theirs."""
    if group in state["export"]:
        return dict(state["export"][group])
    prefix = f"{group}."
    found = state["system"].items()
    return {key.removeprefix(prefix): value for key, value in found if key.startswith(prefix)}


def unseen(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """The keys whose words or flags differ in two nodes, which no shape of a weight tells."""
    both = {key: (theirs[key], ours[key]) for key in theirs.keys() & ours.keys() - SAME_PICTURE}
    found = [
        k for k, (left, right) in both.items() if isinstance(left, bool | str) and left != right
    ]
    return ", ".join(sorted(found))


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any], path: str = "") -> list[str]:
    """'key is a there and b here' for each value of two nodes that is not the same."""
    found = []
    for key in dict.fromkeys([*theirs, *ours]):
        left, right = theirs.get(key), ours.get(key)
        if key == "pretrained" or left == right:
            continue
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            found += differences(left, right, f"{path}{key}.")
        else:
            found.append(f"{path}{key} is {left} there and {right} here")
    return found
