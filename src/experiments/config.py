"""Compose a run from `conf/`, and build what a composed configuration names.

Nothing here imports torch: a command line is answered, or refused, before anything heavy loads.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import MISSING, DictConfig, OmegaConf

CONF = Path(__file__).resolve().parents[2] / "conf"
TARGETS = ("experiments.",)
# What the data decide; `build` passes these to every target that has such a parameter.
FACTS = ("vocabulary_size", "attribute_values", "num_classes")


@dataclass
class Trainer:
    """How long and how a run trains; all counts are images seen."""

    images: int = MISSING
    batch: int = MISSING  # images of one step, over all processes
    accumulate: int = 1  # parts that a batch is split into to save memory
    precision: str = field(default="auto", metadata={"choices": ("auto", "fp32", "bf16")})
    channels_last: bool = False
    compile: bool = False
    ema_halflife: int | None = None  # images after which a weight counts half; null: no average
    deterministic: bool = True
    log_every: int = 1000
    sample_every: int = "${data.preset.every.sample}"  # type: ignore[assignment]
    evaluate_every: int = "${data.preset.every.evaluate}"  # type: ignore[assignment]
    checkpoint_every: int = "${data.preset.every.checkpoint}"  # type: ignore[assignment]
    keep: int = 2  # checkpoints
    sample_captions: int = 8
    sample_columns: int = 1


@dataclass
class Tracker:
    """Where a run is followed; the run folder holds everything in any case."""

    backend: str = field(
        default="wandb", metadata={"choices": ("wandb", "trackio", "tensorboard", "none")}
    )
    project: str = "birdsong"
    group: str | None = None
    tags: list[str] = field(default_factory=list)
    mode: str = field(
        default="auto", metadata={"choices": ("auto", "online", "offline", "disabled")}
    )


@dataclass
class Launch:
    """Processes of one job, and the device."""

    num_processes: int = 1
    device: str = field(default="auto", metadata={"choices": ("auto", "cpu", "cuda")})
    threads: int | None = None  # of one process; null: all cores, shared out
    allocator: bool = True  # keep big blocks between steps (glibc; a third faster on a CPU)


OPTIONS = {"trainer": Trainer, "tracker": Tracker, "launch": Launch}


def resolutions(stages: int, first: int | None, last: int | None) -> list[int]:
    """Sides of N stages that double, from the first or up to the last."""
    if (first is None) == (last is None):
        raise ValueError("give one of data.preset.first_resolution and data.preset.last_resolution")
    start = first if first is not None else int(last or 0) >> (stages - 1)
    return [start << index for index in range(stages)]


def register() -> None:
    """Tell Hydra the typed options and the two functions that `conf/` uses. Idempotent."""
    store = ConfigStore.instance()
    for group, node in OPTIONS.items():
        store.store(group=group, name="schema", node=node)
    OmegaConf.register_new_resolver("resolutions", resolutions, replace=True)
    OmegaConf.register_new_resolver("last", lambda values: values[-1], replace=True)


def compose(overrides: list[str]) -> DictConfig:
    """The configuration of a command line, with `hydra.runtime.choices` beside it."""
    register()
    running = GlobalHydra.instance()
    saved = running.hydra
    running.clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return hydra_compose("config", overrides=overrides, return_hydra_config=True)
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
    return {str(key): value for key, value in resolved.items()}


def locate(target: str) -> Any:
    """Import what a `_target_` names; only this project's own classes are allowed."""
    assert target.startswith(TARGETS), f"_target_ {target} is not one of {TARGETS}"
    module, _, name = target.rpartition(".")
    return getattr(importlib.import_module(module), name)


def build(node: Any, facts: Mapping[str, Any] | None = None) -> Any:
    """Make what a node's `_target_` names, its children first.

    `facts` are what the data decide (`FACTS`); each is passed to the targets that ask for it by
    name. A node with `pretrained`, by now the folder of a finished run, gets that run's weights.
    """
    import inspect

    facts = facts or {}
    if isinstance(node, list):
        return [build(item, facts) for item in node]
    if not isinstance(node, Mapping):
        return node
    arguments = {
        key: build(value, facts)
        for key, value in node.items()
        if key not in ("_target_", "pretrained")
    }
    if "_target_" not in node:
        return arguments
    target = locate(node["_target_"])
    for name in inspect.signature(target).parameters:
        if name in facts and name not in arguments:
            arguments[name] = facts[name]
    made = target(**arguments)
    if node.get("pretrained"):
        from experiments.checkpoint import load_pretrained

        load_pretrained(made, Path(node["pretrained"]), facts)
    return made
