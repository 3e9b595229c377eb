"""Every key of every recipe's configuration changed, one at a time, and what its id says."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from experiments.config.compose import CONF, choices, plain
from experiments.config.override import checked_compose
from experiments.run.identity import WITHOUT_EFFECT, run_id
from experiments.run.prerequisite import Run, plan
from experiments.run.reader import listens

DATA = ("plumage", "cub")


@dataclass
class Found:
    """`other`: ids that changed, as they must. `same`: those that a reason allows to stay.
    `wrong`: recipe and key of each that is neither. `keys`: of the table, that were met."""

    recipes: int = 0
    leaves: int = 0
    other: int = 0
    same: int = 0
    wrong: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def planned(*overrides: str) -> Run:
    """The run of a command line."""
    cfg = checked_compose(list(overrides))
    return plan(plain(cfg), choices(cfg), list(overrides))


def leaves(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all values that are no dictionary and no list, and of empty ones."""
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    if not node or not isinstance(node, dict | list):
        yield path
    for key, value in items:
        yield from leaves(value, (*path, key))


def with_other(config: dict[str, Any], path: Sequence[str | int]) -> dict[str, Any]:
    """A copy in which one value is another, of the same kind where it has one."""
    changed: Any = copy.deepcopy(config)
    node = changed
    for part in path[:-1]:
        node = node[part]
    value = node[path[-1]]
    if isinstance(value, bool):
        node[path[-1]] = not value
    elif isinstance(value, int | float):
        node[path[-1]] = value + 1
    elif isinstance(value, str):
        node[path[-1]] = value + "x"
    else:
        node[path[-1]] = 1
    return dict(changed)


def reason(path: Sequence[str | int]) -> str | None:
    """The key of the table that lets a value stay out of the id."""
    name = ".".join(map(str, path))
    return next((key for key in WITHOUT_EFFECT if name == key or name.startswith(f"{key}.")), None)


def unheard(config: Mapping[str, Any], path: Sequence[str | int]) -> str | None:
    """How captions are spoken, of a run that reads them."""
    spoken = tuple(path[:2]) == ("data", "speech") and not listens(config)
    return "data.speech" if spoken else None


def mutated(models: Sequence[str] = (), data: Sequence[str] = DATA) -> Found:
    """Change every key of the recipes, all where none is named. What a node asks of another run is
    in the id by the name of that run, and is none of these keys."""
    found = Found()
    for model in models or sorted(path.stem for path in (CONF / "model").glob("*.yaml")):
        for name in data:
            run = planned(f"model={model}", f"data={name}")
            needs = run.prerequisites
            built_on = {key: need.id for key, need in needs.items() if isinstance(need, Run)}
            own = run_id(run.config, built_on)
            found.recipes += 1
            for path in leaves(run.config):
                key = reason(path) or unheard(run.config, path)
                if key is None and "pretrained" in path:
                    continue
                same = run_id(with_other(run.config, path), built_on) == own
                found.leaves += 1
                found.same += same
                found.other += not same
                if same != (key is not None):
                    found.wrong.append(f"{model}-{name}: {'.'.join(map(str, path))}")
                if key in WITHOUT_EFFECT:
                    found.keys.add(key)
    return found
