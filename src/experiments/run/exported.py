"""The tensors of an export, written and read; and what must hold before they are used.

An export may come from anybody: nothing in it is run. Its tensors are a safetensors file, and of
its configuration only networks and losses of this project are built.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor, nn

from experiments.config.outside import is_own
from experiments.config.target import locate, targets_in
from experiments.file.digest import sha256
from experiments.file.tensor import load_tensors
from experiments.run.brought import bring_packages
from experiments.run.fact import require_own_words
from experiments.run.folder import (
    CONFIG,
    EXPORT,
    FACTS,
    MODEL,
    TOKENISER,
    export_about,
    is_export,
    run_config,
    run_facts,
)
from experiments.terminal.error import UserError, reason_of

FORMAT, WHOLE = 3, 2  # one that leaves out what packages hold, and one that does not
READS = (1, WHOLE, FORMAT)
DECIDING = (MODEL, CONFIG, FACTS)  # the files that decide pictures
ELSEWHERE = "elsewhere"  # the key of a state
CARRIED = ".carried."  # of names: what a folder of a text model has, and no run
PARTS = tuple(
    f"experiments.{group}."
    for group in (
        *("system", "encoder", "generator", "discriminator", "style", "loss", "frontend"),
        "clip.form",
    )
)
State = Mapping[str, Mapping[str, Tensor]]


def read_export(folder: Path) -> dict[str, Any]:
    """`images` and `export`, the networks by their group, as a run's own weights have them, and
    which tensors a package holds, where they were left out (`run/reference.py`).

    Raises `UserError` where the file cannot be read.
    """
    about = export_about(folder)
    images = int(about["images"])
    try:
        tensors = load_tensors(folder / MODEL)
    except (SafetensorError, OSError, ValueError, LookupError, OverflowError) as error:
        raise UserError(
            f"{folder / MODEL}: cannot be read ({reason_of(error)}); fetch it again"
        ) from None
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        group, _, rest = name.partition(".")
        found.setdefault(group, {})[rest] = tensor
    left_out = about.get(ELSEWHERE)
    if not left_out:
        return {"images": images, "export": found}
    origins = left_out.get("origins")
    if not isinstance(origins, list) or not all("package" in origin for origin in origins):
        raise UserError(f"{folder / EXPORT}: may leave out what packages hold, and nothing else")
    return {"images": images, "export": found, ELSEWHERE: left_out}


def require_whole(folder: Path) -> None:
    """Raise `UserError` where an export is not as it was written, is of another format, asks for
    more than parts of this project's models, or has another vocabulary than it says."""
    about = export_about(folder)
    if about.get("format") not in READS:
        raise UserError(
            f"{folder / EXPORT}: format {about.get('format')}, this version reads {FORMAT} and "
            "older ones; use the version that wrote it"
        )
    digests = about.get("sha256")
    reads = (TOKENISER,) if run_facts(folder).get("text_model") else ()
    for name in (*DECIDING, *reads):
        path = folder / name
        if not path.is_file():
            raise UserError(f"run={folder}: the export has no {name}; fetch it again")
        if not isinstance(digests, dict) or digests.get(name) != sha256(path):
            raise UserError(f"{path}: is not the file that was exported; fetch it again")
    require_parts(folder)
    require_own_words(folder)


def require_parts(folder: Path) -> None:
    """Raise `UserError` where the configuration of a run asks for more than parts of models: of
    this project, or of a run that is no export of packages that are the user's own."""
    own = not is_export(folder)
    if own:
        bring_packages(folder)
    for target in map(str, targets_in(run_config(folder).get("system"))):
        if not (_is_part(target) or (own and _is_own_class(target))):
            raise UserError(f"{folder / CONFIG}: asks for {target}, which no model has; refused")


def require_fit(
    folder: Path, modules: Mapping[str, nn.Module], export: State, known: Collection[str]
) -> None:
    """Raise `UserError` for the first tensor that is missing, not known, or of another shape than
    the configuration asks for.

    `modules`: by their group, those that are needed; `known`: the names, as `<group>.<tensor>`, of
    all tensors that an export of this configuration may have.
    """
    for group, module in modules.items():
        ours, theirs = module.state_dict(), export.get(group, {})
        for name in dict.fromkeys([*ours, *theirs]):
            where = f"run={folder}: {group}.{name}"
            if name not in theirs:
                raise UserError(
                    f"{where} is missing in its weights, and its config.yaml asks for it"
                )
            if name not in ours:
                if f"{group}.{name}" in known:
                    continue  # it is there for others
                remedy = "; export the run again with this version" if CARRIED in name else ""
                raise UserError(
                    f"{where} is in its weights, and its config.yaml has no place for it{remedy}"
                )
            if ours[name].shape != theirs[name].shape:
                there, asked = sizes(theirs[name].shape), sizes(ours[name].shape)
                raise UserError(
                    f"{where} is {there} in its weights, and its config.yaml asks for {asked}"
                )
            if ours[name].is_floating_point() != theirs[name].is_floating_point():
                kinds = f"{theirs[name].dtype} in its weights, expected {ours[name].dtype}"
                raise UserError(f"{where} is of {kinds}")
            if not theirs[name].isfinite().all():
                raise UserError(f"{where} holds values that are not finite; fetch it again")


def _is_part(target: str) -> bool:
    """A class of this project, in the place where networks and losses are."""
    if not target.startswith(PARTS):
        return False
    try:
        found = locate(target)
    except (ImportError, AttributeError):
        return False
    return isinstance(found, type) and f"{found.__module__}.{found.__name__}" == target


def _is_own_class(target: str) -> bool:
    return is_own(target) and isinstance(locate(target), type)


def sizes(shape: Sequence[int]) -> str:
    """Of the axes of a tensor, in words."""
    return " x ".join(map(str, shape)) or "a number"
