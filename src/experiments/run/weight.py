"""Weights of finished runs, for whoever asks: newest networks, and what a node builds on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from experiments.data.text.reading import reads_of
from experiments.file.tensor import Damaged, shapes
from experiments.run.change import because_of
from experiments.run.checkpoint import first_whole, read
from experiments.run.exported import ELSEWHERE, read_export, sizes
from experiments.run.fact import require_vocabulary
from experiments.run.folder import (
    DRAWS,
    MODEL,
    export_about,
    folder_of,
    is_export,
    run_config,
    run_facts,
)
from experiments.run.pretrained import IN_CHECKPOINT, role
from experiments.run.reference import (
    Origin,
    Packages,
    Tensors,
    Wanted,
    complete,
    grouped,
)
from experiments.run.state import Named, files_of
from experiments.terminal.error import UserError, reason_of

SAME_PICTURE = {"checkpoint_last", "fast_upsample", "_target_"}  # keys of networks that draw alike


def load_export(
    folder: Path,
    at: str | None = None,
    have: Tensors | None = None,
    wanted: Wanted = lambda name: True,
    packages: Packages | None = None,
) -> dict[str, Any]:
    """The averaged networks of a finished run or of one that is on its way: the newest, or those of
    the state `at` (`run/state.py`). What they keep elsewhere is fetched from there, see
    `run.reference.complete`.

    Returns `images` and `export`. Raises `UserError` where there are none.
    """
    found = files_of(Named(folder, at))
    state = read_export(folder) if is_export(folder) else first_whole(folder, found)
    if state is None:
        raise UserError(f"run={folder}: has no weights yet; train it first")
    tensors = complete(state, "export", folder, have, wanted, packages)
    return {"images": state["images"], "export": grouped(tensors, state["export"])}


def of_packages(folder: Path, at: str | None = None) -> dict[str, Any]:
    """Which tensors of the averaged networks of a run a package holds, as a state says it; empty
    where none does."""
    state = first_whole(folder, files_of(Named(folder, at))) or {}
    kept = state.get(ELSEWHERE) or {"origins": []}
    places = [number for number, origin in enumerate(kept["origins"]) if "package" in origin]
    held = {
        name: [places.index(number), digest]
        for name, (number, digest) in kept.get("export", {}).items()
        if number in places
    }
    origins = [kept["origins"][place] for place in places]
    return {"origins": origins, "export": held} if held else {}


def load_pretrained(
    module: nn.Module, node: Mapping[str, Any], facts: Mapping[str, Any], path: str
) -> None:
    """Give a module, made from the node at `path`, the weights of a finished run that the node
    names: those of the group that it became there.

    The vocabulary must be the one that the run was trained with, where the encoder reads words.
    The module is marked, so that no fresh weights replace these, and with where they come from.
    Of a run that goes on the node may say that they are in its checkpoint, which is loaded later.
    Raises `UserError`.
    """
    if node["pretrained"] == IN_CHECKPOINT:
        module.came_trained = True  # type: ignore[assignment]
        return
    rows: list[int] = []
    file, group = Path(node["pretrained"]), role(path)
    exported, folder = file.name == MODEL, folder_of(file)
    if hasattr(module, "text") or hasattr(module, "encode_text"):  # it reads captions
        remedy = "leave the path away and one is trained on these data"
        if not (rows := rows_of(folder, facts, reads_of(module), path)):
            require_vocabulary(folder, facts, reads_of(module), remedy)
        require_text_model(folder, getattr(module, "text_model", None), path)
    elif group != "encoder":  # it draws what its encoder has made of words
        require_vocabulary(folder, facts, None, "take a run that was trained with these words")
    ours = {f"{group}.{name}": tensor for name, tensor in module.state_dict().items()}
    try:
        state = read_export(folder) if exported else read(file)
    except Damaged as damage:
        raise UserError(
            f"{file}: is damaged ({damage}); remove this file, and the next run that needs it "
            "makes it again from its last checkpoint"
        ) from None
    # Discriminators are no part of what a run exports: of a checkpoint they are the last ones.
    part = "export" if group in state["export"] else "system"
    found = complete(state, part, folder, ours, lambda name: name.startswith(f"{group}."))
    if exported and export_about(folder).get("parts") == DRAWS:
        for name in sorted(ours.keys() - found.keys()):
            raise UserError(
                f"{folder}: is an export of what draws, without {name}; export that run again with "
                "export.parts=all, or name the run itself"
            )
    for name in _of_words(module, group) if rows else ():
        found[name] = found[name][rows]
    try:
        module.load_state_dict(grouped(found, [group])[group])
        fault = "" if group == "encoder" else unseen(run_config(folder).get(group) or {}, node)
    except (KeyError, RuntimeError) as error:
        fault = reason_of(error)
    if fault:
        raise _another(folder, group, node, fault)
    module.came_trained = True  # type: ignore[assignment]
    module.came_from = Origin(file, group)  # type: ignore[assignment]


def rows_of(folder: Path, facts: Mapping[str, Any], reads: str, path: str) -> list[int]:
    """Where a judge that reads words has those of the data, which are fewer than it knows: of a
    part of the data that it was trained on. Empty where they are the same, or others."""
    theirs, ours = list(run_facts(folder).get("words", [])), list(facts.get("words", []))
    few = path.startswith("metric.") and reads == "words" and ours != theirs
    return [theirs.index(word) for word in ours] if few and {*ours} <= {*theirs} else []


def _of_words(module: nn.Module, group: str) -> list[str]:
    """The tensors that have a row for each word."""
    return [
        f"{group}.{name}.weight"
        for name, part in module.named_modules()
        if isinstance(part, nn.Embedding)
    ]


def require_same_shapes(module: nn.Module, node: Mapping[str, Any], file: Path, path: str) -> None:
    """Raise `UserError` as `load_pretrained` does, of the header of a file alone: where a tensor of
    a module, made on paper from the node at `path`, has another shape there. What is missing or
    damaged is told when it is loaded."""
    group, folder = role(path), folder_of(file)
    try:
        state = shapes(file)
    except Damaged:
        return
    part = state.get("export" if group in state.get("export", {}) else "system", {})
    theirs = part.get(group) or {
        name.removeprefix(f"{group}."): shape for name, shape in state.items()
    }
    for name, tensor in module.state_dict().items():
        ours, there = tuple(tensor.shape), theirs.get(name)
        if there not in (None, ours):
            fault = f"{name} is {sizes(there)} there and {sizes(ours)} here"
            raise _another(folder, group, node, fault)


def _another(folder: Path, group: str, node: Mapping[str, Any], fault: str) -> UserError:
    """That a run has other networks than a node asks for. `fault`: where no key says why."""
    line = "; ".join(differences(dict(run_config(folder).get(group) or {}), dict(node))) or fault
    return UserError(
        f"{folder}: its {group} is not the one that this configuration asks for: {line}"
        f"{because_of(folder)}"
    )


def require_text_model(folder: Path, ours: Any, path: str) -> None:
    """Raise `UserError` where a run was trained with another text model of `transformers`."""
    theirs = run_facts(folder).get("text_model") or {}
    if ours is not None and theirs.get("digest", ours.digest) != ours.digest:
        raise UserError(
            f"{folder}: was trained with another {theirs.get('name')} than {path}.text.name="
            f"{ours.name} is now; bring that back, or leave the path away and one is trained"
        )


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
