"""The files of `sweeps/`, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.config.outside import folders
from experiments.config.place import CONF
from experiments.file.bounded import read_bounded
from experiments.file.parse import YAML_BYTES, parse_yaml
from experiments.terminal.error import UserError, reason_of, suggest

SWEEPS = CONF.parent / "sweeps"
KEYS = ("fixed", "product", "paired", "seeds", "budgets", "search")


def names() -> list[str]:
    """The studies that there are: ours, and those of a `sweeps/` beside a folder of options."""
    return sorted(_files())


def _files() -> dict[str, Path]:
    places = [*(folder.parent / SWEEPS.name for folder in folders()), SWEEPS]
    found = (path for place in places for path in place.glob("*.yaml"))
    return {path.stem: path for path in found if path.suffixes == [".yaml"]}


def read(name: str) -> dict[str, Any]:
    """The content of a study's file, with its `question`. Raises `UserError`."""
    path = _files().get(name)
    if path is None:
        raise UserError(f"study={name}: no such file in sweeps/{suggest(name, names())}")
    raw = read_bounded(path, YAML_BYTES)
    try:
        content = parse_yaml(raw)
        first = raw.decode("utf-8").partition("\n")[0]
    except ValueError as error:
        raise UserError(f"{path}: is not YAML: {reason_of(error)}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: is empty; see another file of sweeps/")
    for key in content:
        if key not in KEYS:
            raise UserError(f"{path}: {key}: no such key{suggest(str(key), list(KEYS))}")
    _check_shape(path, content)
    if not first.startswith("# "):
        raise UserError(f"{path}: must begin with its question, as a comment")
    return content | {"question": first[2:].strip()}


def _check_shape(path: Path, content: Mapping[str, Any]) -> None:
    """Raise `UserError` for a part that is no dictionary, or no list, where it must be one."""
    budgets, paired = content.get("budgets") or {}, content.get("paired") or []
    groups = list(enumerate(paired, 1)) if isinstance(paired, list) else [("", paired)]
    parts = {key: content.get(key) or {} for key in ("fixed", "product", "budgets", "search")}
    parts |= {f"paired {number}".strip(): group for number, group in groups}
    if isinstance(budgets, dict):
        parts |= {f"budgets.{name}": part or {} for name, part in budgets.items()}
    if isinstance(search := content.get("search"), dict):
        parts["search.space"] = search.get("space") or {}
    for name, part in parts.items():
        if not isinstance(part, dict) or not all(isinstance(key, str) for key in part):
            raise UserError(f"{path}: {name}: must be keys with values, as `trainer.images: 64`")
    seeds = content.get("seeds")
    if seeds is not None and not isinstance(seeds, list):
        raise UserError(f"{path}: seeds: must be a list, as [0, 1]")
