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
from collections.abc import Mapping
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from experiments.config.key import key_of, values, without
from experiments.config.override import parse_sweep, text, with_ids
from experiments.study.job import Job, Study
from experiments.study.sweep import read
from experiments.terminal.error import UserError, suggest

OURS = ("study", "budget")


def study_of(overrides: list[str]) -> Study:
    """The jobs of a command line that says several values, or names a study, or both.

    What is said to Hydra itself is no part of a job. Raises `UserError` for what cannot be read, or
    contradicts the study.
    """
    overrides = without(overrides, "hydra")
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
        given = values(job)
        jobs.append(Job(job, {key: given[key] for key in varied}))
    return Study(jobs, varied)


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
    shared = [with_ids(f"{key}={text(value)}") for key, value in fixed.items()]
    jobs = []
    choices = [
        [dict(zip(group, row, strict=True)) for row in zip(*group.values(), strict=True)]
        for group in groups
    ]
    for arm in itertools.product(*choices):
        settings = {key: value for part in arm for key, value in part.items()}
        for seed in seeds:
            own = [with_ids(f"{key}={value}") for key, value in settings.items()]
            plain = {key_of(key): value for key, value in settings.items()} | {"seed": seed}
            jobs.append(Job([*shared, *own, f"seed={seed}", *rest], plain))
    varied = [key_of(key) for group in groups for key in group if len(group[key]) > 1]
    return Study(jobs, varied, name, chosen, content["question"], content.get("search") or {})


def _groups(name: str, content: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    """What is varied together: a key alone, or several whose values are taken side by side."""
    groups: list[dict[str, list[str]]] = []
    for key, listed in (content.get("product") or {}).items():
        groups.append({key: _listed(name, key, listed)})
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
