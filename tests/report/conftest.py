"""Run folders made by hand, and reports of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.report.member import Member

CONFIG: dict[str, Any] = {
    "seed": 0,
    "data": {"preset": {"lr": 0.001, "images": {"gan": 100}, "every": {"sample": 10}}},
    "generator": {"width": 4, "sampling": True},
    "system": {"steps": 1, "generator": {"width": 4, "sampling": True}},
    "optim": {"generator": {"lr": 0.001}},
    "loss": {"damsm": {"weight": 5}},
    "trainer": {"images": 100, "batch": 10},
    "metric": {"samples": 8},
    "paths": {"outputs": "outputs"},
}


def put(config: dict[str, Any], key: str, value: Any) -> None:
    """Set a value by its path."""
    *path, last = key.split(".")
    for part in path:
        config = config.setdefault(part, {})
    config[last] = value


class Runs:
    """Folders of runs under `place`."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def make(
        self,
        name: str,
        values: Mapping[str, Any] | None = None,
        overrides: Sequence[str] = (),
        model: str = "attngan",
        scores: Mapping[str, float] | None = None,
        reached: int = 100,
        built_on: Mapping[str, str] | None = None,
        stats: Sequence[Mapping[str, Any]] = (),
        protocol: Mapping[str, Any] | None = None,
    ) -> Path:
        """A run that came to its end with some scores, or got as far as `reached`."""
        folder, config = self.place / f"{model}-plumage" / name, copy.deepcopy(CONFIG)
        for key, value in (values or {}).items():
            put(config, key, value)
        (folder / "weights").mkdir(parents=True)
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        about = {
            "id": name,
            "choices": {"model": model, "data": "plumage"},
            "overrides": [f"model={model}", *overrides],
            "built_on": dict(built_on or {}),
        }
        (folder / "run.json").write_text(json.dumps(about))
        if reached >= 100:
            (folder / "weights" / f"images-{reached:010d}.safetensors").touch()
            content = {"images": reached, "scores": dict(scores or {}), "protocol": protocol or {}}
            (folder / "scores.json").write_text(json.dumps(content))
        lines = "".join(json.dumps(line) + "\n" for line in stats)
        (folder / "stats.jsonl").write_text(lines)
        return folder

    def member(self, name: str, settings: Mapping[str, str], seed: int = 0, **more: Any) -> Member:
        """A finished run of an arm."""
        folder = self.make(name, {"seed": seed}, **more)
        return Member(folder, settings, seed, f"python run.py name={name}", finished=True)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "outputs")
