"""A command line as people type it, as Hydra reads it.

Names of files and other texts hold signs that have a meaning in Hydra's grammar: brackets, commas,
`=`, `#`, letters beyond ASCII. Where a key takes a text, or a path, which `takes` knows, its value
is quoted, but for what somebody means: quotes of their own, null, an interpolation, a list where
the key takes one, and several values or `glob()` with -m. docs/runs.md says it to users.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from omegaconf.grammar_parser import parse as parse_interpolation

from experiments.config import outside
from experiments.config.compose import compose
from experiments.config.key import key_of
from experiments.config.signature import fits
from experiments.config.takes import described, kind_of, names, scanned, takes_list
from experiments.terminal.line import say

# A judge of one's own, in place of the one that comes with Birdsong.
OWN = re.compile(r"^(metric\.(?:classifier|independent))=train$")
RUNS = ("run", "pretrained", "answers")  # keys that name runs, or what a task reads several of
NULL = "None"  # as Python and the agents of W&B write it
# What Hydra reads as it stands, whatever the key.
PLAIN = re.compile(r"(?!(?:true|false|null|none|nan|inf)$)[A-Za-z_][\w./-]*", re.ASCII | re.I)
QUOTED = re.compile(r"""'[^'\\]*'|"[^"\\]*\"""")
FLOAT = re.compile(r"[+-]?\d+(?:\.\d*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)")
WHOLE = {"int", "None", "list[int]", "Sequence[int]"}  # kinds that are whole numbers alone
_NONES = re.compile(rf"(^|[,\[(]\s*){NULL}(?=\s*(?:[,\])]|$))")
_NUMBERS = re.compile(rf"(?<![\w.]){FLOAT.pattern}(?![\w.])")
_PARTS = re.compile(r"""(?:"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|\([^()]*\)|\[[^\[\]]*\]|[^,])+""")


def spelt(overrides: Iterable[str], several: bool = False) -> list[str]:
    """Each override as Hydra is to read it. `several`: whether commas can separate values, as with
    -m. What is no override stays; whoever reads it says so."""
    overrides = list(overrides)
    known = _Known(overrides)
    return [
        _spelt(OWN.sub(r"\1.pretrained.shipped=false", text), several, known) for text in overrides
    ]


def literal(key: str, value: str) -> str:
    """An override whose value is this very text."""
    # Hydra reads backslashes only where a quote follows.
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', _without_meaning(value))
    escaped += "\\" * (len(escaped) - len(escaped.rstrip("\\")))
    return f'{key}="{escaped}"'


def read(text: str) -> Override | None:
    """The override, or None where Hydra cannot read it."""
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException:
        return None


class _Known:
    """What keys of a command line take; composed only where a value asks for it."""

    def __init__(self, overrides: list[str]) -> None:
        self._overrides = overrides

    def kind(self, key: str) -> ast.expr | None:
        found = described(key)
        if found is None and "." in key and self._config is not None:
            found = kind_of(key, self._config)
        return found if found is not None or "." not in key else scanned(key)

    @cached_property
    def _config(self) -> DictConfig | None:
        """Of the groups alone, of several the first; None where they cannot be."""
        chosen = []
        for text in self._overrides:
            key, equals, value = text.partition("=")
            if equals and key[:1] != "~" and outside.is_group(key_of(text)):
                chosen.append(text if read(text) and "," not in value else text.split(",")[0])
        try:
            return compose(chosen)
        except (HydraException, OmegaConfBaseException, ValueError, AssertionError, OSError):
            return None


def _spelt(text: str, several: bool, known: _Known) -> str:
    key, equals, value = text.partition("=")
    if not equals or key[:1] in ("~", "'", '"') or PLAIN.fullmatch(value):
        return text
    name = key_of(text)
    if name == "text":
        return _caption(key, value)
    if QUOTED.fullmatch(value):
        return text
    kind = known.kind(name)
    text_alone = kind is not None and "str" in set(names(kind)) and not several
    if NULL in value and (value == NULL or not text_alone):
        value, before = _NONES.sub(r"\1null", value), value
        if value != before:
            say(f"{name}={before}: {NULL} is read as null")
    if kind is None:  # whoever knows the key reads it, or says that there is none
        return f"{key}={value}" if read(f"{key}={value}") else literal(key, value)
    taken = set(names(kind))
    if "str" in taken or any("str" in part for part in taken if takes_list(kind)):
        return _text(key, value, kind, several)
    if taken <= WHOLE:
        value = _NUMBERS.sub(lambda found: _whole(found[0]), value)
    return f"{key}={value}"


def _text(key: str, value: str, kind: ast.expr, several: bool) -> str:
    """Of a key that takes a text, or a list of them."""
    text, one = f"{key}={value}", "str" in set(names(kind))
    found = read(text)
    if value[:1] in ("'", '"') and found is not None:
        return text
    if one and _there(value) and value[:1] != "{":
        return literal(key, value) if found is None or found.value() != value else text
    if found is None:
        if takes_list(kind) and value[:1] == "[" and value[-1:] == "]":
            return f"{key}=[{','.join(map(_item, _parts(value[1:-1])))}]"
        return _each(key, value, kind) if several and "," in value else literal(key, value)
    if found.is_sweep_override():
        parts = _parts(value)
        if len(parts) == 1:  # choice(), glob() and other functions of Hydra
            return text
        if several:
            return _each(key, value, kind)
        meant = key.rpartition(".")[2].lstrip("+") in RUNS or {"int", "bool"} & set(names(kind))
        return text if meant or all(map(_there, parts)) else literal(key, value)
    given = found.value()
    listed = isinstance(given, list) and takes_list(kind)
    return text if given is None or listed or fits(given, kind) or not one else literal(key, value)


def _each(key: str, value: str, kind: ast.expr) -> str:
    """Several values, each by itself."""
    parts = (_text(key, part.strip(), kind, False) for part in _parts(value))
    return f"{key}={','.join(part.partition('=')[2] for part in parts)}"


def _caption(key: str, value: str) -> str:
    """`text=a red bird, with a crest`: a caption whatever is in it, or a list of them."""
    if value[:1] in ("'", '"') and read(f"{key}={value}") is not None:
        return f"{key}={value}"
    if not value.isprintable():  # read as ASCII, where the locale says no more
        value = os.fsencode(value).decode("utf-8", "replace")
    if value[:1] == "[" and value[-1:] == "]":
        whole = read(f"{key}={value}")
        items = ",".join(map(_item, _parts(value[1:-1])))
        return f"{key}={value}" if whole is not None else f"{key}=[{items}]"
    return literal(key, value)


def _item(part: str) -> str:
    """One of a list."""
    part = part.strip()
    found = read(f"x={part}")
    kept = found is not None and not found.is_sweep_override()
    return part if kept else literal("", part).removeprefix("=")


def _parts(value: str) -> list[str]:
    """What commas separate that stand in no quotes and no brackets."""
    parts = _PARTS.findall(value)
    return parts if ",".join(parts) == value else value.split(",")


def _whole(number: str) -> str:
    """`10000` of `1e4`; anything else as it is."""
    value = float(number)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else number


def _without_meaning(value: str) -> str:
    """With `${` that begins no interpolation as the signs that they are."""
    if "${" not in value:
        return value
    try:
        parse_interpolation(value)
    except OmegaConfBaseException:
        return re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
    return value


def _there(value: str) -> bool:
    """Whether there is a file or a folder of that name."""
    try:
        return bool(value) and Path(value).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False
