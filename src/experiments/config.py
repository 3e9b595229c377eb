"""Compose a run from `conf/`, and build what a composed configuration names.

Nothing here imports torch: a command line is answered, or refused, before anything heavy loads.
"""

from __future__ import annotations

import importlib
import inspect
import pickle
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf, base

from experiments.composition import CONF, kept
from experiments.errors import UserError
from experiments.option import OPTIONS
from experiments.resolver import RESOLVERS

# OmegaConf parses an interpolation each time that it resolves it, two thirds of what resolving a
# configuration takes. A parsed one is never changed.
base.parse = lru_cache(maxsize=4096)(base.parse)

TARGETS = ("experiments.",)
# What the data decide; `build` passes these to every target that has such a parameter.
REFUSED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
FACTS = ("vocabulary_size", "attribute_values", "num_classes", "local_attributes")


def register() -> None:
    """Tell Hydra the typed options and the functions that `conf/` uses. Idempotent."""
    store = ConfigStore.instance()
    for group, node in OPTIONS.items():
        store.store(group=group, name="schema", node=node)
    _register_resolvers()


def _register_resolvers() -> None:
    for function in RESOLVERS:
        OmegaConf.register_new_resolver(function.__name__, function, replace=True)


def compose(overrides: list[str]) -> DictConfig:
    """The configuration of a command line, with `hydra.runtime.choices` beside it."""
    _register_resolvers()
    return pickle.loads(_composed(tuple(overrides)))  # type: ignore[no-any-return]


@lru_cache(maxsize=64)  # the jobs of a sweep have most of what they build on in common
def _composed(overrides: tuple[str, ...]) -> bytes:
    return kept(overrides, _compose)


def _compose(overrides: tuple[str, ...]) -> DictConfig:
    register()
    running = GlobalHydra.instance()
    saved = running.hydra
    running.clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return hydra_compose("config", overrides=list(overrides), return_hydra_config=True)
    finally:
        running.clear()
        if saved is not None:
            running.initialize(saved)


def choices(cfg: DictConfig) -> dict[str, str]:
    """Which option of each group was chosen, Hydra's own groups left out."""
    found = OmegaConf.to_container(cfg.hydra.runtime.choices)
    assert isinstance(found, dict)
    return {str(k): v for k, v in found.items() if v is not None and not str(k).startswith("hydra")}


def plain(cfg: DictConfig) -> dict[str, Any]:
    """The configuration as resolved, plain dictionaries, without Hydra's own node."""
    return {key: _at_home(value) for key, value in resolved(cfg).items()}


def resolved(cfg: DictConfig) -> dict[str, Any]:
    """The same with `~/` as written. Raises what OmegaConf does of a value that cannot be."""
    nodes = {str(key): cfg[key] for key in cfg if key != "hydra"}
    return {
        key: OmegaConf.to_container(node, resolve=True, throw_on_missing=True, enum_to_str=True)
        if OmegaConf.is_config(node)
        else node
        for key, node in nodes.items()
    }


def _at_home(value: Any) -> Any:
    """`~/` at the start of a text is the home folder; shells replace it only in front."""
    if isinstance(value, dict):
        return {key: _at_home(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_at_home(item) for item in value]
    return str(Path(value).expanduser()) if isinstance(value, str) and value[:2] == "~/" else value


def locate(target: str) -> Any:
    """Import what a `_target_` names; only this project's own classes are allowed."""
    assert target.startswith(TARGETS), f"_target_ {target} is not one of {TARGETS}"
    module, _, name = target.rpartition(".")
    return getattr(importlib.import_module(module), name)


def build(node: Any, facts: Mapping[str, Any] | None = None, path: str = "") -> Any:
    """Make what a node's `_target_` names, its children first.

    `facts` are what the data decide (`FACTS`); each is passed to the targets that ask for it by
    name. A node with `pretrained`, by now the weights of a finished run, gets them. `path`: of the
    node in the configuration; a value that a target refuses is told with it, as a `UserError`.
    """
    facts = facts or {}
    if isinstance(node, list):
        return [build(item, facts, path) for item in node]
    if not isinstance(node, Mapping):
        return node
    arguments = {
        key: build(value, facts, f"{path}.{key}".lstrip("."))
        for key, value in node.items()
        if key not in ("_target_", "pretrained")
    }
    if "_target_" not in node:
        return arguments
    target = locate(node["_target_"])
    for name in inspect.signature(target).parameters:
        if name in facts and name not in arguments:
            arguments[name] = facts[name]
    try:
        made = target(**arguments)
    except REFUSED as error:
        # What a constructor cannot do with its arguments, this configuration has got wrong.
        reason = (str(error).splitlines() or ["a value that it cannot take"])[0]
        raise UserError(f"{path or target.__name__}: {reason}") from error
    if node.get("pretrained"):
        from experiments.checkpoint import load_pretrained
        from experiments.prerequisite import role

        load_pretrained(made, Path(node["pretrained"]), node, facts, role(path))
    return made
