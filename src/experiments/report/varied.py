"""What tells runs apart: choices and overrides, as a person would have typed them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.config.key import flat, key_of
from experiments.config.override import text
from experiments.run import folder as files
from experiments.run.identity import identity

# Choices that say what a run is, before those of its parts.
FIRST = ("model", "data", "experiment", "debug")
WITHOUT = ("task", "study", "budget", "run", "seed")
PRESET = "data.preset."  # numbers that others are taken from
ABSENT = "–"  # a key that a run does not have


@dataclass(frozen=True)
class Found:
    """What a run folder says of itself."""

    folder: Path
    config: dict[str, Any]
    about: dict[str, Any]
    effective: dict[str, Any]  # what decides the result, by the path of each value
    wanted: bool = False  # made for another run, whose choices are not told here

    @property
    def overrides(self) -> list[str]:
        return [str(item) for item in self.about.get("overrides") or []]

    def value(self, key: str) -> str:
        """What the run has for a key of its configuration or for a choice of a group."""
        chosen = self.about.get("choices") or {}
        if key in chosen or "/" in key or "@" in key or key in FIRST:
            known = key in ("model", "data") or not self.wanted
            return text_of(chosen.get(key)) if known else ABSENT
        if key in self.effective:
            return text_of(self.effective[key])
        node: Any = self.config
        for part in key.split("."):
            if not isinstance(node, dict) or part not in node:
                return ABSENT
            node = node[part]
        return text_of(node)


def found_in(folder: Path) -> Found:
    config, about = config_of(folder), files.run_about(folder)
    built_on = {
        path: Path(str(place)).name
        for path, place in (about.get("built_on") or {}).items()
        if not path.startswith("metric")
    }
    effective = flat(identity(config, built_on))
    effective.pop("seed", None)
    # How long is no part of a run's identity, but scores depend on it.
    effective["trainer.images"] = (config.get("trainer") or {}).get("images")
    return Found(folder, config, about, effective)


def telling(runs: Sequence[Found]) -> list[str]:
    """The keys that tell arms apart, the most natural ones first."""
    arms = list(
        {json.dumps(run.effective, sort_keys=True, default=str): run for run in runs}.values()
    )
    if len(arms) < 2:
        return []
    typed = _typed(arms)
    keys: list[str] = []
    for key in [*FIRST, *(name for name in typed if name not in FIRST)]:
        values = [arm.value(key) for arm in arms]
        told = set(values) - ({ABSENT} if key in FIRST else set())
        if len(told) < 2 or (key in FIRST and _implied(arms, keys, values)):
            continue
        if not any([arm.value(other) for arm in arms] == values for other in keys):
            keys.append(key)
    for key in _rest(arms):
        if len({_row(arm, keys) for arm in arms}) == len(arms):
            break
        if len({_row(arm, [*keys, key]) for arm in arms}) > len({_row(arm, keys) for arm in arms}):
            keys.append(key)
    return keys


def _typed(arms: Sequence[Found]) -> list[str]:
    """Keys of the commands that made the runs, of those that can change a result."""
    found: dict[str, None] = {}
    for arm in arms:
        for item in arm.overrides:
            key = key_of(item)
            if key.startswith(PRESET):
                key = _of_preset(key, arms) or "task"
            if key not in WITHOUT and _has_effect(key, arm):
                found[key] = None
    return list(found)


def _of_preset(key: str, arms: Sequence[Found]) -> str | None:
    """What a number of `data.preset` sets: itself where something else that decides the result
    differs as it does between runs of one model, None where nothing does."""
    for same in _by_model(arms):
        values = [arm.value(key) for arm in same]
        if len(set(values)) < 2:
            continue
        for path in (
            "trainer.images",
            *dict.fromkeys(name for arm in same for name in arm.effective),
        ):
            theirs = [arm.value(path) for arm in same]
            if len(set(zip(values, theirs, strict=True))) == len(set(values)) == len(set(theirs)):
                return path if path == "trainer.images" else key
    return None


def _by_model(arms: Sequence[Found]) -> Iterable[list[Found]]:
    models = dict.fromkeys(arm.value("model") for arm in arms)
    return ([arm for arm in arms if arm.value("model") == model] for model in models)


def _has_effect(key: str, arm: Found) -> bool:
    if key.startswith(PRESET):
        return True
    if "metric" in key.replace("@", ".").split("."):
        return False
    if key in (arm.about.get("choices") or {}):
        return key.partition("/")[0] not in ("launch", "tracker", "sample", "report", "metric")
    return any(name == key or name.startswith(f"{key}.") for name in arm.effective)


def _implied(arms: Sequence[Found], keys: list[str], values: list[str]) -> bool:
    """Whether the keys so far say these values already."""
    pairs = {(_row(arm, keys), value) for arm, value in zip(arms, values, strict=True)}
    return len(pairs) == len({row for row, _ in pairs})


def _row(arm: Found, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(arm.value(key) for key in keys)


def _rest(arms: Sequence[Found]) -> list[str]:
    """Choices of parts that vary, then values that do: of copies of a value the shortest path."""
    chosen = dict.fromkeys(key for arm in arms for key in arm.about.get("choices") or {})
    groups = [key for key in chosen if _has_effect(key, arms[0]) or "/" in key]
    values = dict.fromkeys(key for arm in arms for key in arm.effective)
    paths = sorted(values, key=lambda key: (key.startswith("system."), key.count("."), len(key)))
    return [key for key in [*groups, *paths] if "metric" not in key]


def text_of(value: Any) -> str:
    """A value as it stands on a command line."""
    return f"{value:g}" if isinstance(value, float) else text(value)


def config_of(folder: Path) -> dict[str, Any]:
    """The configuration of a run, parsed once for all who ask. Raises `UserError` as
    `folder.run_config` does."""
    file = folder / files.CONFIG
    changed = file.stat().st_mtime_ns if file.is_file() else 0
    return copy.deepcopy(_parsed(folder, changed))


@lru_cache(maxsize=1024)  # YAML takes a tenth of a second each
def _parsed(folder: Path, changed: int) -> dict[str, Any]:
    return files.run_config(folder)
