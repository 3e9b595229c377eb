"""JSON and YAML that somebody else, or a crash, may have written: read within bounds.

What comes out are dictionaries, lists, texts, numbers, truth values and None, in no more levels and
numbers than anybody needs, so that whatever goes through it afterwards ends soon. Everything else
is a `ValueError` with the reason in a few words.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaml

from experiments.terminal.error import reason_of

DEPTH = 64  # levels; a run's configuration has 8
WHOLE = 2**63  # whole numbers are smaller: wider ones are no numbers of anything
YAML_BYTES = 200_000  # of a file of YAML, which is slow to read; a run's configuration has 10,000
YAML_PARTS = 100_000  # with every alias written out
MERGE = "tag:yaml.org,2002:merge"
_PLAIN = (str, int, float, bool, type(None))
Pairs = Callable[[list[tuple[str, Any]]], dict[str, Any]]


def parse_json(content: bytes | str, pairs: Pairs | None = None, strict: bool = False) -> Any:
    """The value that a text of JSON says; `pairs` makes its objects, and `strict` leaves out NaN
    and infinity, which are no JSON but of Python. Raises `ValueError`."""
    constant = _refuse if strict else None
    try:
        value = json.loads(
            content, parse_int=_whole, parse_constant=constant, object_pairs_hook=pairs
        )
    except RecursionError:
        raise ValueError("too many levels") from None
    _require_plain(value)
    return value


def parse_yaml(content: bytes | str) -> Any:
    """The value that one document of YAML says. Tags and merged keys are refused, and so are
    aliases that stand for more than `YAML_PARTS` parts. Raises `ValueError`."""
    if len(content) > YAML_BYTES:
        raise ValueError(f"larger than {YAML_BYTES:,} bytes")
    return pickle.loads(_parsed(content))


@lru_cache(maxsize=64)  # a command asks for the configuration of a run six times, at 50 ms each
def _parsed(content: bytes | str) -> bytes:
    """The pickled value: whoever asks for it gets one of his own."""
    loader = None
    try:
        loader = _Loader(content)
        node = loader.get_single_node()
        if node is None:
            return pickle.dumps(None)
        _require_bounded(node)
        value = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError(reason_of(error)) from None
    except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(type(error).__name__) from None  # of a tag with nothing to it
    finally:
        if loader is not None:
            loader.dispose()
    _require_plain(value)
    return pickle.dumps(value)


class _Loader(yaml.SafeLoader):
    """Ends at `DEPTH`: PyYAML is slow far down, and then at the end of Python's stack."""

    level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.level += 1
        if self.level > DEPTH:
            raise ValueError("too many levels")
        node = super().compose_node(parent, index)
        self.level -= 1
        return node


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(number := int(digits)) >= WHOLE:
        raise ValueError(f"{digits[:20]}... is no number of anything")
    return number


def _require_bounded(top: yaml.Node) -> None:
    """Raise `ValueError` for a graph that is endless, or large once its aliases are written out."""
    sizes: dict[int, int] = {}  # parts below a node; 0 while it is being counted
    todo: list[tuple[yaml.Node, bool]] = [(top, False)]
    while todo:
        node, counted = todo.pop()
        below = _below(node)
        if counted:
            sizes[id(node)] = size = 1 + sum(sizes[id(part)] for part in below)
            if size > YAML_PARTS:
                raise ValueError("its aliases stand for too much")
            continue
        if id(node) in sizes:
            if not sizes[id(node)]:
                raise ValueError("an alias stands for what it is in")
            continue
        if node.tag == MERGE:
            raise ValueError("<< merges keys, which nothing here needs")
        sizes[id(node)] = 0
        todo.append((node, True))
        todo += [(part, False) for part in below]


def _below(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _require_plain(value: Any) -> None:
    """Raise `ValueError` where a part is of another kind, lies too deep, or is no text of UTF-8."""
    level, parts = 0, [value]
    while parts:
        below: list[Any] = []
        for part in parts:
            if isinstance(part, dict):
                below += [*part.keys(), *part.values()]
            elif isinstance(part, list):
                below += part
            elif not isinstance(part, _PLAIN):
                raise ValueError(f"holds a {type(part).__name__}")
            elif isinstance(part, str) and not part.isascii():
                part.encode()  # half of a pair of surrogates, which both languages can spell
            elif isinstance(part, int) and abs(part) >= WHOLE:
                raise ValueError("holds a number that is no number of anything")
        level, parts = level + 1, below
        if level > DEPTH and parts:
            raise ValueError("too many levels")
