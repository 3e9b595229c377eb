"""What every run has and no class describes, and values that nothing can be made of."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import Any

from experiments.config.key import value_at
from experiments.config.signature import defines, fits, signature, trained
from experiments.terminal.error import suggest

# What the object that stands at a path is called for.
CALLED = {"data.reader": "read", "system": "phases", "metric": "__call__"}
# What every run has, by its kind; the first number is the least that it may be.
KINDS: dict[str, tuple[str, float | None]] = {
    "run": ("str | Sequence[str] | None", None),
    "answers": ("str | Sequence[str] | None", None),
    "text": ("str | int | float | bool | Sequence[str | int | float | bool] | None", None),
    "study": ("str | None", None),
    "budget": ("str | int | None", None),
    "seed": ("int", 0),
    "variant": ("str | int | float | bool | None", None),
    "fresh": ("bool", None),
    "num_samples": ("int", 1),
    "paths.outputs": ("str", None),
    "paths.cache": ("str", None),
    "data.name": ("str | None", None),
    "data.attributes": ("bool", None),
    "data.margin": ("float", 1),
    "data.max_words": ("int", 1),
    "data.flip": ("bool", None),
}
# The same for what a run may leave out: these keys are newer than the data sets of some people.
OPTIONAL: dict[str, tuple[str, float | None]] = {
    "data.limit": ("int | None", 1),
    "data.min_count": ("int", 1),
    "data.train_share": ("float", 0),
    "data.share_seed": ("int", 0),
    "data.follow_links": ("bool | None", None),
    "paths.features": ("float | None", 0),
    "data.speech.voice": ("str | Sequence[str]", None),
    "data.speech.unheard": ("bool", None),
    "data.speech.captions": ("int | None", 1),
    "data.speech.language": ("str", None),
    "data.speech.seconds": ("float", 0.1),
}
SPEECH = "data.speech"
HEARS = [path.removeprefix(f"{SPEECH}.") for path in OPTIONAL if path.startswith(f"{SPEECH}.")]
SHARE = "data.train_share"
RECOGNISER = "metric.recogniser."
LARGEST = 2**63  # above every number that is kept


def check_kinds(config: dict[str, Any]) -> Iterator[str]:
    """Keys that no class and no dataclass describes."""
    for path, (kind, least) in (KINDS | OPTIONAL).items():
        group, _, key = path.rpartition(".")
        node = value_at(config, group)
        if not isinstance(node, dict) or key not in node:
            if path in OPTIONAL:
                continue
            if not group or isinstance(node, dict):
                yield f"{path}: is missing; every run has one"
            elif node is None and path == next(x for x in KINDS if x.startswith(group)):
                yield f"{group}: is missing; every run has one"
            continue
        value = node[key]
        if path == "run":
            continue  # `composed` knows the task
        fit = fits(value, ast.parse(kind, mode="eval").body)
        bounded = fit and least is not None and value is not None
        if not fit or (bounded and not least <= value < LARGEST):
            yield f"{path}={value}: must be {_kind(kind, least)}"
        elif value == "" and "None" not in kind:
            what = "it must be a folder" if path.startswith("paths.") else "give it a value"
            yield f"{path}: is empty; {what}"
        elif path == SHARE and not 0 < value <= 1:
            yield f"{path}={value}: must be above 0 and at most 1"
    yield from _check_speech(value_at(config, SPEECH))


def _check_speech(node: Any) -> Iterator[str]:
    """What `data.speech` is, and has that no run reads."""
    if node is not None and not isinstance(node, dict):
        yield f"{SPEECH}={node}: must be a group of keys, as {SPEECH}.voice=espeak"
    for key in map(str, node if isinstance(node, dict) else ()):
        if key not in HEARS:
            yield f"{SPEECH}.{key}: {SPEECH} has no such key{suggest(key, HEARS)}"


def _kind(kind: str, least: float | None) -> str:
    words = {
        "int": "a whole number",
        "int | None": "null or a whole number",
        "float": "a number",
        "float | None": "null or a number",
        "bool": "true or false",
        "bool | None": "true, false or null",
        "str": "a text",
    }
    several = "a text, or a list of them" if "Sequence" in kind else "a text, or null"
    return words.get(kind, several) + ("" if least is None else f" from {least:g}")


def check_values(node: Any, path: str) -> Iterator[str]:
    """Numbers and texts that nothing can be made of."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from check_values(value, f"{path}.{key}".lstrip("."))
    elif isinstance(node, list):
        for value in node:
            yield from check_values(value, path)
    elif isinstance(node, float) and not math.isfinite(node):
        yield f"{path}={node}: must be a finite number"
    elif isinstance(node, str) and "\0" in node:
        yield f"{path}: holds a NUL character"


def check_parts(config: dict[str, Any]) -> Iterator[str]:
    """What a run cannot do without, and whether what stands there can do its part."""
    for path in ("data", "system", "optim"):
        if not isinstance(config.get(path), dict):
            yield f"{path}: every run needs one"
    data, optim = config.get("data"), config.get("optim")
    optimisers = optim if isinstance(optim, dict) else {}
    wanted = {path: (config.get(path), name) for path, name in CALLED.items() if path in config}
    wanted |= {f"optim.{key}": (node, "build") for key, node in optimisers.items()}
    if isinstance(data, dict):
        wanted["data.reader"] = data.get("reader"), CALLED["data.reader"]
    system = config.get("system")
    phases = trained(str(system.get("_target_"))) if isinstance(system, dict) else ()
    for phase in phases:
        if phase not in optimisers:
            there = ", ".join(optimisers) or "nothing"
            yield f"optim.{phase}: is missing; the system trains it, and optim has {there}"
    for path, (node, method) in wanted.items():
        target = node.get("_target_") if isinstance(node, dict) else None
        if node is None and path == "metric":
            continue  # nothing is scored
        if target is None:
            yield f"{path}: must have a class, _target_"
        elif signature(str(target)) is not None and not defines(str(target), method):
            yield f"{path}._target_={target}: is no class that can stand here"
    yield from _check_front_ends(system, config.get("metric"))


def _check_front_ends(system: Any, metric: Any) -> Iterator[str]:
    """Whether what scores a run hears the frames that the run has: there are no others, except for
    a recogniser, which is given sound."""
    own = [node for _, node in _front_ends(system, "system")]
    for path, node in _front_ends(metric, "metric"):
        if own and path.startswith(RECOGNISER):
            continue
        if not own:
            yield f"{path}: listens, and this run reads its captions; score it by one that reads"
        elif node not in own:
            yield f"{path}: hears other frames than the run; give it the run's front-end"


def _front_ends(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """(path, node) of each front-end of a node and of what it holds."""
    for key, value in node.items() if isinstance(node, dict) else ():
        if key == "frontend":
            yield f"{path}.{key}", value
        else:
            yield from _front_ends(value, f"{path}.{key}")
