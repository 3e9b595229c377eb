"""Runs that other runs build on: found where they are finished, trained first where they are not.

A node of the configuration asks with `pretrained: {model: damsm, overrides: [...]}`; the rest of the
node becomes the `encoder` of that run, and its data are the same. A path asks for that folder.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments.config import choices, compose, plain
from experiments.errors import UserError
from experiments.identity import run_id

SHARED = ("data", "launch", "paths", "tracker")


@dataclass(frozen=True)
class Run:
    """One run to be: its resolved configuration, its folder, and the runs it builds on."""

    config: dict[str, Any]
    choices: dict[str, str]
    folder: Path
    id: str
    prerequisites: dict[str, Run | Path]

    @property
    def name(self) -> str:
        return f"{self.choices['model']}-{self.choices['data']}"


def plan(config: dict[str, Any], chosen: dict[str, str]) -> Run:
    """Where a configuration's run lives. Prerequisites are planned, nothing is trained."""
    config = _without_unneeded(config)
    needs: dict[str, Run | Path] = {}
    for path, node in _pretrained_nodes(config, ("encoder", "metric")):
        spec = node["pretrained"]
        if isinstance(spec, str):
            needs[path] = _given(path, Path(spec))
        else:
            needs[path] = _plan_prerequisite(config, chosen, node)
    built_on = {
        path: f"{need.id}@{need.config['trainer']['images']}" if isinstance(need, Run) else need.name
        for path, need in needs.items()
        if not path.startswith("metric")
    }
    key = run_id(config, built_on)
    folder = Path(config["paths"]["outputs"]) / f"{chosen['model']}-{chosen['data']}" / key
    return Run(config, chosen, folder, key, needs)


def _given(path: str, folder: Path) -> Path:
    if not (folder / "facts.json").is_file():
        raise UserError(f"{path}.pretrained={folder}: is not the folder of a run")
    return folder


def _plan_prerequisite(
    parent: dict[str, Any], chosen: dict[str, str], node: Mapping[str, Any]
) -> Run:
    spec = node["pretrained"]
    overrides = [f"model={spec['model']}", f"data={chosen['data']}", *spec.get("overrides", [])]
    cfg = compose(overrides)
    OmegaConf.set_struct(cfg, False)
    for group in SHARED:
        cfg[group] = copy.deepcopy(parent[group])
    cfg.encoder = {key: value for key, value in node.items() if key != "pretrained"}
    cfg.encoder.pretrained = None
    for key in ("precision", "deterministic"):
        cfg.trainer[key] = parent["trainer"][key]
    return plan(plain(cfg), choices(cfg) | {"data": chosen["data"]})


def _pretrained_nodes(
    config: Mapping[str, Any], groups: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, node) of each node that asks for a run, in order."""

    def walk(path: str, node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, dict):
            if node.get("pretrained"):
                yield path, node
            for key, value in node.items():
                if key != "pretrained":
                    yield from walk(f"{path}.{key}", value)

    for group in groups:
        yield from walk(group, config.get(group))


def _without_unneeded(node: Any) -> Any:
    """A copy in which a node whose `pretrained.when` is false is null."""
    if not isinstance(node, dict):
        return node
    spec = node.get("pretrained")
    if isinstance(spec, dict) and not spec.get("when", True):
        return None
    return {key: _without_unneeded(value) for key, value in node.items()}


def with_paths(run: Run) -> dict[str, Any]:
    """The run's configuration with each prerequisite's folder where it was asked for.

    `system` repeats the groups that it is made of, so its nodes are filled in as well.
    """
    config = copy.deepcopy(run.config)
    for path, node in _pretrained_nodes(config, ("encoder", "metric")):
        need = run.prerequisites[path]
        node["pretrained"] = str(need.folder if isinstance(need, Run) else need)
    if "encoder" in config.get("system", {}):
        config["system"]["encoder"] = copy.deepcopy(config["encoder"])
    return config
