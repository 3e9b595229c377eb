"""Compose a run from `conf/`, and build what a composed configuration names.

Nothing here imports torch: a command line is answered, or refused, before anything heavy loads.
"""

from __future__ import annotations

import logging
import pickle
import re
import time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, base
from yaml import MarkedYAMLError

from experiments.config import outside, quick
from experiments.config.cache import kept, require_conf
from experiments.config.option import OPTIONS
from experiments.config.place import CONF
from experiments.config.resolver import RESOLVERS
from experiments.terminal.error import UserError, suggest
from experiments.terminal.line import near

log = logging.getLogger(__name__)

# OmegaConf parses an interpolation each time that it resolves it, two thirds of what resolving a
# configuration takes. A parsed one is never changed.
base.parse = lru_cache(maxsize=4096)(base.parse)


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
    return pickle.loads(_composed(tuple(overrides), outside.folders()))  # type: ignore[no-any-return]


@lru_cache(maxsize=64)  # the jobs of a sweep have most of what they build on in common
def _composed(overrides: tuple[str, ...], folders: tuple[Path, ...]) -> bytes:
    began = time.perf_counter()
    content = kept(overrides, _compose)
    log.debug("composed %s in %.3f s", " ".join(overrides), time.perf_counter() - began)
    return content


def _compose(overrides: tuple[str, ...]) -> DictConfig:
    require_conf()
    register()
    quick.patch()
    running = GlobalHydra.instance()
    saved = running.hydra
    running.clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            words = [*overrides, *outside.searchpath()]
            return hydra_compose("config", overrides=words, return_hydra_config=True)
    except MarkedYAMLError as error:  # of a file of one's own
        mark, wrong = error.problem_mark, " ".join((error.problem or str(error)).split())
        place = f"{near(Path(mark.name))}:{mark.line + 1}: " if mark else ""
        raise UserError(f"{place}is no YAML: {wrong}") from None
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


@cache
def choices_of_none() -> list[str]:
    """The groups of which a run may have none, as conf/config.yaml says."""
    defaults = OmegaConf.load(CONF / "config.yaml").defaults
    return [str(k) for item in defaults if OmegaConf.is_dict(item) for k in item if item[k] is None]


def first_line(error: Exception) -> str:
    """What Hydra or OmegaConf found wrong, with its key."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    key = getattr(error, "full_key", None)
    line = lines[0] if lines else type(error).__name__
    if isinstance(error, HydraException):
        line = " ".join(lines[:2])
    line = re.sub(r"\w+ raised while (resolving interpolation|composing config): ", "", line)
    line = line.removesuffix(" Config search path:")
    line = re.sub(r"(Could not find '\S+') Available options .*", r"\1.", line)
    # Of a defaults list; the name of a launcher is told apart.
    if missing := re.search(r"Could not (?:load|find) '(?!hydra/)(\S+)/([^/\s]+)'\.$", line):
        line = line.removesuffix(".") + suggest(missing[2], list(outside.options(missing[1])))
    if own := re.search(r"Could not override '(hydra\.launcher\.\w+)'", line):
        line = (
            f"{own[1]}: the launcher has no such key; hydra/launcher=joblib, with -m, has its own"
        )
    return f"{key}: {line}" if key and key not in line else line
