"""What a key takes, told by whatever describes it: the dataclass of an option, the signature of a
class, `required.KINDS`, the key that it is handed on to (`data.root` to `data.reader.root`), or a
schema of Hydra. No list of keys stands here."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, StringNode

from experiments.config import outside
from experiments.config.option import OPTIONS
from experiments.config.required import KINDS, OPTIONAL
from experiments.config.signature import SEQUENCES, signature

FOLDER = "pretrained"  # the folder of a run, or a recipe
DEPTH = 4  # keys that hand a value on to each other
WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text",
    "None": "null",
}
LISTS = {"int": "whole numbers", "float": "numbers", "str": "texts"}


def described(key: str) -> ast.expr | None:
    """What the options and the keys that every run has say, without a configuration."""
    kind = (KINDS | OPTIONAL).get(key)
    if kind is not None:
        return _parsed(kind[0])
    top, _, name = key.partition(".")
    for item in dataclasses.fields(OPTIONS[top]) if top in OPTIONS else ():  # type: ignore[arg-type]
        if item.name == name and not item.metadata.get("choices"):
            return _parsed(item.metadata.get("kind") or str(item.type))
    return _parsed("str | Mapping | None") if key.endswith(f".{FOLDER}") else None


def kind_of(key: str, cfg: DictConfig, depth: int = DEPTH) -> ast.expr | None:
    """The annotation of a key in a composed configuration; None where nothing tells."""
    found = described(key)
    parent, name = _node(cfg, key.rpartition(".")[0]), key.rpartition(".")[2]
    if found is not None or parent is None:
        return found
    target = parent._get_node("_target_", validate_access=False)
    told = (signature(str(target)) or {}) if target is not None else {}
    if name in told:
        return told[name].annotation
    for other in _handed_on(cfg, f"${{{key}}}") if depth else ():
        found = kind_of(other, cfg, depth - 1)
        if found is not None:
            return found
    leaf = parent._get_node(name, validate_access=False)
    if isinstance(leaf, StringNode):
        return _parsed("str | None")
    return _parsed("int") if type(getattr(leaf, "_val", None)) is int else None


def scanned(key: str) -> ast.expr | None:
    """The same of whatever option of its group has the key; for a command whose own options do not
    say, such as that of a study."""
    top = key.partition(".")[0]
    homes = (root / top for root in outside.roots()) if top.isidentifier() else ()
    return next(filter(None, (_scanned(key, home) for home in homes if home.is_dir())), None)


@cache
def _scanned(key: str, home: Path) -> ast.expr | None:
    top, *parts = key.split(".")
    for file in sorted(home.rglob("*.yaml")):
        inner = file.parent.relative_to(home).parts
        if tuple(parts[: len(inner)]) != inner:
            continue
        node = OmegaConf.load(file)
        for name in reversed((top, *inner)):
            node = OmegaConf.create({name: node})
        found = kind_of(key, node) if isinstance(node, DictConfig) else None
        if found is not None:
            return found
    return None


def names(annotation: ast.expr) -> Iterator[str]:
    """The names of the parts of a union: `str`, `None`, `Sequence[str]`."""
    if isinstance(annotation, ast.BinOp):
        yield from names(annotation.left)
        yield from names(annotation.right)
    else:
        yield ast.unparse(annotation)


def takes_list(annotation: ast.expr) -> bool:
    """Whether a list is one of the things that it may be."""
    return any(name.partition("[")[0] in SEQUENCES for name in names(annotation))


def in_words(annotation: ast.expr) -> str:
    """`a whole number or null` of `int | None`."""
    *most, last = map(_in_words, names(annotation))
    told = [word for words in most for word in words.split(" or ")]
    return f"{', '.join(told)} or {last}" if told else last


def _in_words(name: str) -> str:
    outer, _, inner = name.removesuffix("]").partition("[")
    if outer in SEQUENCES and inner in LISTS:
        return f"a list of {LISTS[inner]}, as [a,b]"
    return WORDS.get(name, name)


@cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _node(cfg: DictConfig, path: str) -> DictConfig | None:
    node: object = cfg
    for name in filter(None, path.split(".")):
        node = node._get_node(name, validate_access=False) if isinstance(node, DictConfig) else None
    plain = isinstance(node, DictConfig) and not (node._is_none() or node._is_interpolation())
    return node if plain else None  # type: ignore[return-value]


def _handed_on(node: DictConfig, value: str, path: str = "") -> Iterable[str]:
    """The keys whose value is this interpolation."""
    if node._is_none() or node._is_interpolation() or node._is_missing():
        return
    for name in map(str, node):
        leaf, key = node._get_node(name, validate_access=False), f"{path}{name}"
        if isinstance(leaf, DictConfig):
            yield from _handed_on(leaf, value, f"{key}.")
        elif leaf is not None and getattr(leaf, "_val", None) == value:
            yield key
