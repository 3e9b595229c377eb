"""Studies: `sweeps/NAME.yaml` and the several values of a command line, as a list of jobs.

A file begins with its question as a comment and has
    fixed:    overrides of every arm
    product:  key -> list of values; every combination is an arm
    paired:   groups of lists that are taken side by side, one group or a list of groups
    seeds:    every arm runs with each of them
    budgets:  name -> overrides: how long, on what data, or other values of what the study varies;
              the first is taken where none is asked for
    search:   instead of arms, what Optuna tries (`search/`)
What the command line says comes last: a value replaces a list, a list a list.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from experiments.check import parse_sweep
from experiments.config import CONF
from experiments.data.bounded import read_bounded
from experiments.errors import UserError, suggest
from experiments.foreign import YAML_BYTES, parse_yaml

SWEEPS = CONF.parent / "sweeps"
KEYS = ("fixed", "product", "paired", "seeds", "budgets", "search")
OURS = ("study", "budget")


@dataclass(frozen=True)
class Job:
    """The overrides of one run, and among them what the study varies, the seed included."""

    overrides: list[str]
    settings: dict[str, str]

    @property
    def name(self) -> str:
        """`lr=1e-3 weight=5 seed=1`: each key by its last part."""
        return " ".join(f"{short(key)}={value}" for key, value in self.settings.items())


@dataclass(frozen=True)
class Study:
    """Jobs with one question. `name` is None for several values on a command line."""

    jobs: list[Job]
    varied: list[str]
    name: str | None = None
    budget: str | None = None
    question: str | None = None
    search: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the runs of one study have in common: the group of a tracker, the folder of a
        report."""
        return self.name or f"sweep {' '.join(self.varied)}".strip()


def short(key: str) -> str:
    """`weight` of `loss.damsm.weight`; of names that alone say nothing, the last two parts."""
    parts = key.replace("@", ".").replace("/", ".").split(".")
    vague = {"lr", "weight", "width", "image", "images"}
    return ".".join(parts[-2:]) if parts[-1] in vague and len(parts) > 1 else parts[-1]


def names() -> list[str]:
    """The studies that there are."""
    return sorted(path.stem for path in SWEEPS.glob("*.yaml") if path.suffixes == [".yaml"])


def study_of(overrides: list[str]) -> Study:
    """The jobs of a command line that says several values, or names a study, or both.

    What is said to Hydra itself is no part of a job. Raises `UserError` for what cannot be read, or
    contradicts the study.
    """
    overrides = [item for item in overrides if not item.lstrip("+~").startswith("hydra")]
    parsed = parse_sweep(overrides)
    named = {item.key_or_group: item.value() for item in parsed if item.key_or_group in OURS}
    for item in parsed:
        if item.key_or_group in OURS and item.is_sweep_override():
            raise UserError(f"{item.input_line}: name one {item.key_or_group} at a time")
    if named.get("study") is None:
        if named.get("budget") is not None:
            raise UserError(f"budget={named['budget']}: is one of a study; name it, as study=NAME")
        return _sweep(parsed)
    rest = [item for item in parsed if item.key_or_group not in OURS]
    return _from_file(str(named["study"]), named.get("budget"), rest)


def _sweep(parsed: list[Override]) -> Study:
    varied = list(
        dict.fromkeys(str(item.key_or_group) for item in parsed if item.is_sweep_override())
    )
    jobs = []
    try:
        split = BasicSweeper.split_arguments(parsed, None)[0]
    except HydraException as error:
        said = " ".join(str(item.input_line) for item in parsed if item.is_sweep_override())
        raise UserError(f"{said}: {error}; list the values, as a,b") from None
    for job in split:
        values = dict(item.lstrip("+~").partition("=")[::2] for item in job)
        jobs.append(Job(job, {key: values[key] for key in varied}))
    return Study(jobs, varied)


def read(name: str) -> dict[str, Any]:
    """The content of a study's file, with its `question`. Raises `UserError`."""
    path = SWEEPS / f"{name}.yaml"
    if name not in names():
        raise UserError(f"study={name}: no such file in sweeps/{suggest(name, names())}")
    raw = read_bounded(path, YAML_BYTES)
    try:
        content = parse_yaml(raw)
        first = raw.decode("utf-8").partition("\n")[0]
    except ValueError as error:
        raise UserError(f"{path}: is not YAML: {' '.join(str(error).split())[:160]}") from None
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


def _from_file(name: str, budget: Any, given: list[Override]) -> Study:
    content = read(name)
    budgets = content.get("budgets") or {}
    chosen = str(budget) if budget is not None else next(iter(budgets), None)
    if chosen is not None and chosen not in budgets:
        raise UserError(
            f"budget={chosen}: {name} has no such budget{suggest(chosen, list(budgets))}"
        )
    groups, fixed = _groups(name, content), dict(content.get("fixed") or {})
    said = dict(budgets.get(chosen) or {})
    for group in groups:  # a budget may have other values of what is taken side by side
        if len(group) > 1 and group.keys() <= said.keys():
            group |= {key: _listed(name, key, said.pop(key)) for key in group}
            _check_lengths(name, group)
    space = (content.get("search") or {}).get("space") or {}
    for key, value in said.items():
        if key.startswith("search.") or (key in space and isinstance(value, dict | list)):
            continue  # the search's own
        values = [text(item) for item in (value if isinstance(value, list) else [value])]
        if not _replaced(name, groups, key, values):
            fixed[key] = value
    seeds = [text(seed) for seed in content.get("seeds") or [0]]
    rest = []
    for item in given:
        key, values = str(item.key_or_group), _values(item)
        if item.is_delete() and (key in fixed or any(key in group for group in groups)):
            raise UserError(f"{item.input_line}: sweeps/{name}.yaml sets {key}; give it a value")
        if key == "seed":
            seeds = values
        elif not _replaced(name, groups, key, values):
            fixed.pop(key, None)
            if item.is_sweep_override():
                groups.append({prefix_of(item) + key: values})
            else:
                rest.append(str(item.input_line))
    shared = [f"{key}={text(value)}" for key, value in fixed.items()]
    jobs = []
    choices = [
        [dict(zip(group, row, strict=True)) for row in zip(*group.values(), strict=True)]
        for group in groups
    ]
    for arm in itertools.product(*choices):
        settings = {key: value for part in arm for key, value in part.items()}
        for seed in seeds:
            own = [f"{key}={value}" for key, value in settings.items()]
            plain = {key.lstrip("+"): value for key, value in settings.items()} | {"seed": seed}
            jobs.append(Job([*shared, *own, f"seed={seed}", *rest], plain))
    varied = [key.lstrip("+") for group in groups for key in group if len(group[key]) > 1]
    return Study(jobs, varied, name, chosen, content["question"], content.get("search") or {})


def _groups(name: str, content: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    """What is varied together: a key alone, or several whose values are taken side by side."""
    groups: list[dict[str, list[str]]] = []
    for key, values in (content.get("product") or {}).items():
        groups.append({key: _listed(name, key, values)})
    paired = content.get("paired") or []
    for group in paired if isinstance(paired, list) else [paired]:
        made = {key: _listed(name, key, values) for key, values in group.items()}
        _check_lengths(name, made)
        groups.append(made)
    keys = [key for group in groups for key in group]
    for key in keys:
        if keys.count(key) > 1:
            raise UserError(f"sweeps/{name}.yaml: {key} is varied twice")
    return groups


def _check_lengths(name: str, group: Mapping[str, list[str]]) -> None:
    if len({len(values) for values in group.values()}) > 1:
        sizes = ", ".join(f"{key} {len(values)}" for key, values in group.items())
        raise UserError(f"sweeps/{name}.yaml: paired lists must be of one length: {sizes}")


def _listed(name: str, key: str, values: Any) -> list[str]:
    if not isinstance(values, list) or not values:
        raise UserError(f"sweeps/{name}.yaml: {key}: must be a list of values")
    return [text(value) for value in values]


def _replaced(name: str, groups: list[dict[str, list[str]]], key: str, values: list[str]) -> bool:
    """Whether the study varies the key; its values are then those that were given."""
    for group in groups:
        if key not in group:
            continue
        if len(group) > 1:
            together = ", ".join(group)
            raise UserError(
                f"{key}: sweeps/{name}.yaml varies {together} together; change it there"
            )
        group[key] = values
        return True
    return False


def prefix_of(item: Override) -> str:
    """`+` or `++` where an override adds a key."""
    line = str(item.input_line)
    return line[: len(line) - len(line.lstrip("+"))]


def _values(item: Override) -> list[str]:
    if not item.is_sweep_override():
        return [str(item.input_line).partition("=")[2]]
    return [str(value) for value in item.sweep_string_iterator()]


def text(value: Any) -> str:
    """A value of YAML as Hydra's grammar writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "[" + ",".join(text(item) for item in value) + "]"
    return str(value)
