"""Every mistake in a composed configuration: keys, values, and the arguments of what it names."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.config import outside
from experiments.config.compose import first_line, resolved
from experiments.config.judging import check_judging
from experiments.config.option import OPTIONS, SEVERAL, TASKS, TRACKERS
from experiments.config.place import CONF
from experiments.config.required import check_kinds, check_parts, check_values
from experiments.config.signature import ancestors, fits, is_one, options, signature
from experiments.config.takes import in_words
from experiments.config.target import FACTS
from experiments.terminal.error import suggest

OURS = outside.OURS
PARTS = ("data", "encoder", "generator", "discriminator", "style", "loss", "optim", "metric")
READER = "data.reader."
EXCERPT = "system.excerpt"  # of sounds, of a front-end
RELEASED = "roll_released"  # wrong pairs are one less than pictures
HOMES = {
    "data": ("data", "encoder", "clip"),
    "metric": ("metric", "encoder", "frontend", "clip"),
    "encoder": ("encoder", "frontend", "clip"),
    "discriminator": ("discriminator", "encoder"),
}  # packages of the classes of a group; else its own name


def check(cfg: DictConfig) -> list[str]:
    """A line for each thing in a composed configuration that cannot work."""
    known = {*_own_names(), *outside.tops()}
    problems = [
        f"{name}: no such key at the top{suggest(name, sorted(known))}"
        for name in map(str, cfg)
        if name not in {*known, "hydra"}
    ]
    try:
        config = resolved(cfg)
    except (OmegaConfBaseException, ValueError) as error:
        return [*problems, first_line(error)]
    problems += check_kinds(config)
    problems += _check_options(config)
    problems += check_values(config, "")
    for group in PARTS:
        problems += _check_node(config.get(group), group)
    problems += _check_node(config.get("system"), "system", deep=False)
    if _is_own(cfg, "excerpt"):
        problems += _check_node(config["system"]["excerpt"], EXCERPT)
    problems += check_parts(config)
    problems += check_judging(config)
    return _once(problems)


def _is_own(cfg: DictConfig, name: str) -> bool:
    """Whether a node of the system is its own, and not one that another group is checked for."""
    system = cfg.get("system")
    return isinstance(system, DictConfig) and (
        name in system and not OmegaConf.is_interpolation(system, name)
    )


def _once(problems: list[str]) -> list[str]:
    """Each line once, and none for a key of the reader that takes its value from one of `data`,
    which has a line already: the reader's is not what anybody set."""
    keys = {line: line.partition(": ")[0] for line in problems}
    told = {key.replace("data.", READER, 1) for key in keys.values() if key.startswith("data.")}
    return [line for line, key in keys.items() if key not in told]


@cache
def _own_names() -> set[str]:
    """The keys of `conf/config.yaml` itself: what stands at the top and is no group."""
    return set(map(str, OmegaConf.load(CONF / "config.yaml"))) - {"defaults", "hydra"}


# Options


def _check_options(config: dict[str, Any]) -> Iterator[str]:
    for group, kind in OPTIONS.items():
        node = config.get(group) or {}
        names = [item.name for item in dataclasses.fields(kind)]  # type: ignore[arg-type]
        for name in node:
            if name not in names:
                yield f"{group}.{name}: {group} has no such key{suggest(name, names)}"
        lost = set(names) - set(node)
        if lost:
            yield f"{group}: every run needs it whole; {', '.join(sorted(lost))} is missing"
            return
        for item in dataclasses.fields(kind):  # type: ignore[arg-type]
            value, allowed = node.get(item.name), item.metadata.get("choices")
            if allowed and value not in allowed:
                named = ["null" if name is None else name for name in allowed]
                yield f"{group}.{item.name}={value}: choose one of {', '.join(named)}"
            least = item.metadata.get("least")
            if least is not None and isinstance(value, int | float) and value < least:
                yield f"{group}.{item.name}={value}: must be at least {least}"
    yield from _check_trackers(config["tracker"])
    trainer, launch = config["trainer"], config["launch"]
    # Those that a launcher has started, where one has: `machine/launcher.py` has read its words.
    started = os.environ.get("WORLD_SIZE") if "RANK" in os.environ else None
    parts = int(started or launch["num_processes"]) * trainer["accumulate"]
    if parts > 0 and trainer["batch"] % parts:
        yield (
            f"trainer.batch={trainer['batch']}: must be a multiple of launch.num_processes x "
            f"trainer.accumulate = {parts}"
        )
    elif parts > 0 and trainer["batch"] > 0:
        yield from _check_rows(config, parts)
    if trainer["keep_best"] is not None and config.get("metric") is None:
        yield f"trainer.keep_best={trainer['keep_best']}: is a score, and the run has no metric"
    task = str(config.get("task"))
    if task not in TASKS:
        yield f"task={task}: {suggest(task, list(TASKS))[2:]}"
    if config.get("fresh") and task != "train":
        yield f"fresh: task={task} trains nothing; leave it away"
    if config.get("variant") == "":
        yield "variant: is empty; give it a name, or null"
    run = config.get("run")
    several = isinstance(run, list) and all(isinstance(item, str) for item in run)
    if not (isinstance(run, str | None) or (several and task in SEVERAL)):
        yield f"run={run}: must be the folder of a run"


def _check_trackers(tracker: dict[str, Any]) -> Iterator[str]:
    """Names that are no tracker's, as Hydra cannot know them in a list."""
    said, known = tracker["backend"], ", ".join(TRACKERS)
    names = [] if said is None else said if isinstance(said, list) else [said]
    for name in names:
        if name not in TRACKERS:
            yield f"tracker.backend={name}: choose from {known}; several as tracker=[a,b]"
    for name in tracker["services"]:
        if name not in TRACKERS:
            yield f"tracker.services.{name}: no such tracker; choose from {known}"


def _check_rows(config: dict[str, Any], parts: int) -> Iterator[str]:
    """Whether each part of a batch, which is normalised by itself, has two pictures; three where
    its wrong pairs are one less."""
    batch, system = config["trainer"]["batch"], config.get("system")
    fewer = isinstance(system, dict) and system.get("mismatch") == RELEASED
    if fewer and 2 * parts <= batch < 3 * parts:
        yield (
            f"trainer.batch={batch}: loss.mismatch={RELEASED} makes one wrong pair of two "
            f"pictures, and one has no batch statistics; use at least {3 * parts}"
        )
    elif batch < 2 * parts:
        yield (
            f"trainer.batch={batch}: one picture has no batch statistics and no wrong caption; use "
            f"at least {(3 if fewer else 2) * parts}"
        )


# Signatures


def _check_node(node: Any, path: str, deep: bool = True) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    target = node.get("_target_")
    if target is None and "_target_" in node:
        yield f"{path}._target_=null: must be a class"
    if target is not None:
        yield from _check_target(str(target), node, path)
    if not isinstance(node.get("pretrained"), dict | str | None):
        yield f"{path}.pretrained={node['pretrained']}: must be the folder of a run, or a recipe"
    if isinstance(node.get("pretrained"), dict):
        yield from _check_pretrained(node["pretrained"], f"{path}.pretrained")
    if deep:
        for key, value in node.items():
            if key != "pretrained":
                yield from _check_node(value, f"{path}.{key}")


def _check_pretrained(spec: dict[str, Any], path: str) -> Iterator[str]:
    """A recipe that is trained first, overrides of it, and whether it is needed at all."""
    known = ["model", "overrides", "when", "shipped"]
    overrides = spec.get("overrides", [])
    if not isinstance(overrides, list) or not all(isinstance(item, str) for item in overrides):
        yield f"{path}.overrides={overrides}: must be a list of overrides, as [seed=1]"
    for key in ("when", "shipped"):
        if not isinstance(spec.get(key, True), bool):
            yield f"{path}.{key}={spec[key]}: must be true or false"
    for key in spec:
        if key not in known:
            yield f"{path}.{key}: no such key{suggest(str(key), known)}"
    recipes = list(outside.options("model"))
    model = str(spec.get("model"))
    if model not in recipes:
        yield f"{path}.model={model}: no such model{suggest(model, recipes)}"


def _check_target(target: str, node: dict[str, Any], path: str) -> Iterator[str]:
    if not outside.is_allowed(target):
        own = target.rpartition(".")[0].partition(".")[0]
        allow = f", or what launch.targets=[{own}] allows" if outside.NAME.fullmatch(own) else ""
        yield f"{path}._target_={target}: only {OURS}* can be built{allow}"
        return
    parameters = signature(target)
    if parameters is None:
        yield f"{path}._target_={target}: there is no such class"
        return
    group = path.partition(".")[0]
    homes = ("frontend",) if path.startswith(EXCERPT) else HOMES.get(group, (group,))
    fits_here = target.startswith(tuple(f"{OURS}{home}." for home in homes))
    if not (fits_here or outside.is_own(target)):
        yield f"{path}._target_={target}: only {OURS}{homes[0]}.* can stand here"
        return
    given = {
        str(key): value for key, value in node.items() if key not in ("_target_", "pretrained")
    }
    for key, value in given.items():
        if key not in parameters:
            name = target.rpartition(".")[2]
            yield f"{path}.{key}: {name} takes no such argument{suggest(key, list(parameters))}"
            continue
        parameter = parameters[key]
        if isinstance(value, dict) and "_target_" in value:
            inner = str(value["_target_"])
            if ancestors(inner) and not is_one(inner, parameter):
                wanted = ast.unparse(parameter.annotation) if parameter.annotation else ""
                yield f"{path}.{key}._target_={inner}: must be {wanted}"
            continue
        if parameter.annotation is not None and not fits(value, parameter.annotation):
            yield f"{path}.{key}={value}: {_expected(value, parameter.annotation)}"
    for key, parameter in parameters.items():
        if parameter.required and key not in given and key not in FACTS:
            yield f"{path}.{key}: is missing"


def _expected(value: Any, annotation: ast.expr) -> str:
    allowed = options(annotation)
    if not allowed:
        return f"must be {in_words(annotation)}"
    if str(value) in allowed:
        return f"must be a list, as [{value}]"
    near = difflib.get_close_matches(str(value), allowed, n=1, cutoff=0.5)
    return f"choose one of {', '.join(allowed)}" + (f"; did you mean {near[0]}?" if near else "")
