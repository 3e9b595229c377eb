"""Compose a run from `conf/`, and build what a composed configuration names.

Nothing here imports torch: a command line is answered, or refused, before anything heavy loads.
"""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import MISSING, DictConfig, ListConfig, OmegaConf

from experiments.errors import UserError

CONF = Path(__file__).resolve().parents[2] / "conf"
TARGETS = ("experiments.",)
# What the data decide; `build` passes these to every target that has such a parameter.
FACTS = ("vocabulary_size", "attribute_values", "num_classes", "local_attributes")


def _least(number: int, default: Any = MISSING) -> Any:
    return field(default=default, metadata={"least": number})


def _one_of(*options: str | None) -> Any:
    return field(default=options[0], metadata={"choices": options})


@dataclass
class Trainer:
    """How long and how a run trains; all counts are images seen."""

    images: int = _least(1)
    batch: int = _least(1)  # images of one step, over all processes
    accumulate: int = _least(1, 1)  # parts that a batch is split into to save memory
    precision: str = _one_of("auto", "fp32", "bf16")
    channels_last: bool = False
    compile: bool = False
    ema_halflife: int | None = _least(1, None)  # images that halve a weight; null: no average
    deterministic: bool = True  # on a GPU: the same algorithms every time
    log_every: int = _least(1, 1000)
    sample_every: int = _least(1, "${data.preset.every.sample}")
    evaluate_every: int = _least(1, "${data.preset.every.evaluate}")
    checkpoint_every: int = _least(1, "${data.preset.every.checkpoint}")
    keep: int = _least(1, 2)  # checkpoints
    sample_captions: int = _least(0, 8)
    sample_columns: int = _least(1, 1)


@dataclass
class Tracker:
    """Where a run is followed; the run folder holds everything in any case."""

    backend: str = _one_of("wandb", "trackio", "tensorboard", "none")
    project: str = "birdsong"
    group: str | None = None
    tags: list[str] = field(default_factory=list)
    mode: str = _one_of("auto", "online", "offline", "disabled")


@dataclass
class Launch:
    """Processes of one job, and the device."""

    num_processes: int = _least(1, 1)
    device: str = _one_of("auto", "cpu", "cuda")
    threads: int | None = _least(1, None)  # of one process; null: all cores, shared out
    allocator: bool = True  # keep big blocks between steps (glibc; a third faster on a CPU)


@dataclass
class Sample:
    """What task=sample draws, beside `text` and `num_samples`."""

    file: str | None = None  # captions, one a line; they come after those of `text`
    stages: bool = False  # a PNG of every stage, not of the last alone
    attention: bool = True  # where each word looks, of models that attend to words
    # Pictures on the way from each caption to the next, or from each seed to the next; null: none.
    between: str | None = _one_of(None, "sentence", "noise")
    interpolation: str = _one_of("linear", "spherical")
    steps: int = _least(2, 8)  # pictures of a way, both ends among them
    picture: Any = None  # files whose style the captions take, for a run of model=style_encoder


OPTIONS = {"trainer": Trainer, "tracker": Tracker, "launch": Launch, "sample": Sample}


def resolutions(stages: int, first: int | None, last: int | None) -> ListConfig:
    """Sides of N stages that double, from the first or up to the last."""
    if (first is None) == (last is None):
        raise ValueError("give one of data.preset.first_resolution and data.preset.last_resolution")
    start = first if first is not None else int(last or 0) >> (stages - 1)
    return ListConfig([start << index for index in range(stages)])


def side(index: int, stages: int, first: int | None, last: int | None) -> int:
    """One of the sides that `resolutions` gives."""
    return int(resolutions(stages, first, last)[index])


def parts(sizes: list[int]) -> int:
    """Parts of a batch: two beyond 256 px, where a whole one needs more than 12 GB."""
    if not isinstance(sizes, list | ListConfig) or not sizes:
        raise ValueError("generator.resolutions: must be a list of sides, as [64, 128, 256]")
    return 2 if sizes[-1] > 256 else 1


def at_most(largest: int, value: int) -> int:
    """The value, or the largest that there may be."""
    return min(largest, value)


def when(condition: bool, value: Any) -> Any:
    """The value under a condition, else null."""
    return value if condition else None


def last(sizes: list[int]) -> int:
    """The largest of some resolutions."""
    return int(sizes[-1])


def times(factor: int, number: int) -> int:
    """A width as a multiple of another."""
    return factor * number


def plus(first: int, second: int) -> int:
    """A width as the sum of two others."""
    return first + second


def told(condition: str, sentence: int, mu: int | None) -> int:
    """Numbers that a discriminator is told of the text: those of the sentence, or of mu."""
    if condition == "mu" and not mu:
        raise ValueError("system.condition=mu: the generator has no conditioning augmentation")
    return int(mu or 0) if condition == "mu" else sentence


def r1_weight(side: int, batch: int) -> float:
    """Half of gamma = 0.0002 side^2 / batch, the rule of StyleGAN2-ADA (Karras et al. 2020)."""
    return 0.0001 * side * side / batch


def register() -> None:
    """Tell Hydra the typed options and the functions that `conf/` uses. Idempotent."""
    store = ConfigStore.instance()
    for group, node in OPTIONS.items():
        store.store(group=group, name="schema", node=node)
    for function in (resolutions, side, last, parts, at_most, when, times, plus, told, r1_weight):
        OmegaConf.register_new_resolver(function.__name__, function, replace=True)


def compose(overrides: list[str]) -> DictConfig:
    """The configuration of a command line, with `hydra.runtime.choices` beside it."""
    return copy.deepcopy(_composed(tuple(overrides)))


@lru_cache(maxsize=64)  # the jobs of a sweep have most of what they build on in common
def _composed(overrides: tuple[str, ...]) -> DictConfig:
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
    cfg = cfg.copy()
    OmegaConf.set_struct(cfg, False)
    cfg.pop("hydra", None)
    resolved = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True, enum_to_str=True)
    assert isinstance(resolved, dict)
    return {str(key): _at_home(value) for key, value in resolved.items()}


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
    except (AssertionError, ValueError) as error:
        # What a constructor asserts of its arguments, this configuration has got wrong.
        raise UserError(
            f"{path or target.__name__}: {error or 'a value that it cannot take'}"
        ) from error
    if node.get("pretrained"):
        from experiments.checkpoint import load_pretrained
        from experiments.prerequisite import role

        load_pretrained(made, Path(node["pretrained"]), node, facts, role(path))
    return made
