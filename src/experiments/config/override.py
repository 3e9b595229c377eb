"""Find every mistake of a command line at once, without importing what it names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.config import outside
from experiments.config.check import check
from experiments.config.compose import choices, choices_of_none, compose, first_line
from experiments.config.glob import listed
from experiments.config.hyphen import meant
from experiments.config.key import key_of
from experiments.config.option import OPTIONS
from experiments.config.signature import forget, signature
from experiments.config.spelling import literal, read, spelt
from experiments.config.takes import described, in_words, names
from experiments.terminal.error import UserError, suggest

# What Hydra and OmegaConf raise of a configuration that cannot be; assertions are Hydra's own.
COMPOSING = (HydraException, OmegaConfBaseException, ValueError, AssertionError, RecursionError)
NAMES = ("run", "pretrained")  # keys that may name a run by its id
RUN_ID = re.compile(r"[0-9a-f]{3,10}(@\w+)?")  # 12e34 and 1234 are no numbers there
_ITEM = re.compile(rf"""("[^"]*"|'[^']*')|(?<![^,\[\s])({RUN_ID.pattern})(?=\s*(?:[,\]]|$))""")
TARGETS = "launch.targets"  # packages whose classes may be named
SYNTAX = "not of the form key=value"


def is_override(text: str) -> bool:
    """Whether Hydra can read it."""
    return read(text) is not None


def with_ids(text: str) -> str:
    """The override with quotes around the ids of runs, alone and in lists, where its key names
    runs: 12e34 would be read as a number."""
    key, equals, value = text.partition("=")
    if key_of(text).rpartition(".")[2] not in NAMES:
        return text
    return key + equals + _ITEM.sub(lambda found: found[1] or f'"{found[2]}"', value)


def parse_sweep(overrides: list[str]) -> list[Override]:
    """The overrides of a multirun. Raises `UserError` with a line for each that cannot be read."""
    problems: list[str] = []
    parsed = [override for _, override in _read(overrides, problems)]
    if problems:
        raise UserError("\n".join(problems))
    return parsed


def _read(overrides: list[str], problems: list[str]) -> Iterator[tuple[str, Override]]:
    """Each as Hydra reads it; a line for each that it cannot read goes to `problems`."""
    texts, taken = [*map(with_ids, overrides)], 0
    for place, text in enumerate(texts):
        if place < taken:
            continue
        found = read(text)
        if found is not None:
            try:
                yield text, listed(found)
            except UserError as error:
                problems.append(str(error))
        elif place and texts[place - 1].endswith("=") and "=" not in text:
            problems.append(f"{texts[place - 1]} {text}: leave no space after =")
        else:
            told, words = meant(texts, place)
            taken, said = place + words, " ".join(texts[place : place + words])
            problems.append(f"{said}: {_unread(text, told)}")


def _unread(text: str, told: str) -> str:
    """Why Hydra cannot read it, and what to write."""
    if told:
        return f"{SYNTAX}; write {told}"
    key, equals, value = text.partition("=")
    quoted = literal(key, value.strip("'\""))
    if not equals or read(quoted) is None:
        return SYNTAX
    kind = described(key_of(text))
    if kind is not None and not {"str", "Any"} & set(names(kind)):
        return f"must be {in_words(kind)}"
    return f"Hydra gives its signs a meaning; for a text write {shlex.quote(quoted)}"


def checked_compose(overrides: list[str]) -> DictConfig:
    """Compose; raise one `UserError` with a line for each mistake where there is any."""
    problems: list[str] = []
    try:
        groups, values = _sort_overrides(spelt(overrides), problems)
        cfg = _compose(groups, values)
    except COMPOSING as error:
        raise _all_of([*problems, first_line(error)]) from None
    _trust(cfg)
    problems += check(cfg)
    if problems:
        raise _all_of(problems)
    return cfg


def _trust(cfg: DictConfig) -> None:
    """Look at the packages that a command, or a file that it names, says are one's own."""
    targets = OmegaConf.select(cfg, TARGETS)
    if OmegaConf.is_list(targets) and outside.trust(OmegaConf.to_container(targets)):
        forget()


def _all_of(problems: list[str]) -> UserError:
    """A line for each, also where a value has several."""
    return UserError("\n".join(" ".join(problem.split()) for problem in problems))


def _compose(groups: list[str], values: list[Override]) -> DictConfig:
    """`compose` of both, without composing again where values alone change: only `hydra.*`, and
    what is left out, have a say in which files are chosen."""
    if any(value.is_delete() or value.key_or_group.startswith("hydra") for value in values):
        return compose([*groups, *(str(value.input_line) for value in values)])
    cfg = compose(groups)
    ConfigLoaderImpl._apply_overrides_to_config(values, cfg)
    return cfg


def _sort_overrides(overrides: list[str], problems: list[str]) -> tuple[list[str], list[Override]]:
    """Choices of a group, and values, that Hydra can apply; a line for each of the others goes to
    `problems`."""
    groups: list[str] = []
    values: list[tuple[str, Override]] = []
    for text, override in _read(overrides, problems):
        if override.is_sweep_override():
            whole = f", or tracker=[{text.partition('=')[2]}] for all of them in one run"
            more = whole if override.key_or_group == "tracker" else ""
            problems.append(f"{text}: says several values; add -m for one run of each{more}")
            continue
        name = override.key_or_group
        if outside.is_group(name) and not override.is_delete():
            problem = _check_choice(override, groups)
            problems += [problem] if problem else []
            text = text if override.value() is not None else f"~{name}"
            groups += [] if problem else [text]
        else:
            values.append((text, override))
    if not values:
        return groups, []
    base, trial = compose(groups), compose(groups)
    if TARGETS not in (override.key_or_group for _, override in values):
        _trust(base)
    good = []
    for text, override in values:
        problem = _check_value(base, trial, text, override)
        if override.key_or_group == TARGETS and not problem:
            _trust(trial)
        if problem:
            problems.append(problem)
        else:
            good.append(override)
    return groups, good


def _check_choice(override: Override, chosen: list[str]) -> str | None:
    name, value = override.key_or_group, override.value()
    options = list(outside.options(name))
    if value is None:
        return None if name in choices_of_none() else _left_out(name, chosen, options)
    wrong = [x for x in (value if isinstance(value, list) else [value]) if str(x) not in options]
    if not wrong:
        return None
    told = wrong[0] if isinstance(value, list) else value
    return f"{name}={told}: no such {name.rpartition('/')[2]}{suggest(str(wrong[0]), options)}"


def _left_out(name: str, chosen: list[str], options: list[str]) -> str:
    """What to write where somebody wants none of a group."""
    try:
        found = compose([*chosen, f"~{name}"])
        can = name.replace("/", ".") in compose(chosen) and not check(found)
    except COMPOSING:
        can = False
    way = f"write ~{name} to leave it out" if can else f"every run needs one{suggest('', options)}"
    return f"{name}=null: {way}"


def _check_value(base: DictConfig, trial: DictConfig, text: str, override: Override) -> str | None:
    name = override.key_or_group
    if name.startswith("hydra"):
        return None
    node: Any = base
    parts = name.split(".")
    for depth, part in enumerate(parts):
        where, rest = ".".join(parts[:depth]), ".".join(parts[depth:])
        if depth and node is not None and node._is_interpolation():
            meant = str(node._value()).strip("${}")
            return f"{name}: {where} is made of {meant}; set {meant}.{rest}"
        keys = [str(key) for key in node] if isinstance(node, DictConfig) else []
        if depth == 0:
            keys = sorted({*keys, *outside.tops()} - {"hydra"})
        if part not in keys:
            if depth > 0 and override.is_add() and _is_described(node, parts[:depth]):
                return None  # new keys below a known name: the signature decides
            taken = _accepted(node) if depth and isinstance(node, DictConfig) else []
            if part in taken:
                return f"{name}: not set so far; write +{text} to add it"
            place = f"{where} has no such key" if where else "no such key"
            known = sorted({key for key in keys if not key.startswith("_")}.union(taken))
            return f"{name}: {place}{suggest(part, known)}"
        if depth == 0 and part not in base and override.is_delete():
            return f"~{name}: every run needs one" if name not in choices_of_none() else None
        if depth == 0 and part not in base:
            model = choices(base).get("model")
            return f"{name}: model={model} has no {part}"
        node = node._get_node(part) if isinstance(node, DictConfig) else None
    if override.is_delete():
        return None
    if override.value() == MISSING:
        return f"{text}: stands for a value that is missing; write another one"
    scalar = isinstance(override.value(), str | int | float)
    if isinstance(node, DictConfig) and scalar and parts[-1] != "pretrained":  # a folder may be
        option = f"{name.replace('.', '/')}={override.value()}"
        if outside.is_group(name.replace(".", "/")):
            return f"{text}: {name} has keys of its own; {option} chooses one of its options"
        return f"{text}: {name} has keys of its own: {', '.join(map(str, node))}"
    try:
        OmegaConf.update(trial, name, override.value(), force_add=override.is_add())
    except (OmegaConfBaseException, ValueError) as error:
        kind = described(name)
        if kind is not None and "Any" not in set(names(kind)):
            return f"{text}: must be {in_words(kind)}"
        return f"{text}: {first_line(error).removeprefix(f'{name}: ')}"
    return None


def _is_described(node: Any, parts: list[str]) -> bool:
    """Whether a class or a dataclass says which keys a node has."""
    if "pretrained" in parts or parts[0] in OPTIONS:
        return True
    return not isinstance(node, DictConfig) or "_target_" in node


def _accepted(node: DictConfig) -> Collection[str]:
    """What the class that a node names would take."""
    if "_target_" not in node:
        return []
    return signature(str(node._get_node("_target_"))) or []


def text(value: Any) -> str:
    """A value of YAML as Hydra's grammar writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "[" + ",".join(text(item) for item in value) + "]"
    return str(value)
