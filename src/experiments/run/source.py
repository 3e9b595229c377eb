"""What the source of a Python file says without being run: a fingerprint of its syntax tree, and
the names that it imports. Kept beside the byte code by the bytes of the file, since parsing a
hundred files takes a good part of a second."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from experiments.file.parse import parse_json
from experiments.file.whole import write_text

FORMAT = 1  # of what is kept; raising it leaves older files unused
KEPT = Path(importlib.util.cache_from_source(__file__)).with_name(f"sources-{FORMAT}.json")
MOST = 4000  # files that are remembered
DIGITS = 16

_new: dict[str, list[Any]] = {}


def digest(content: bytes) -> str:
    """Of some bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def tree_of(content: bytes) -> str:
    """A fingerprint of the code in a file. Comments, docstrings and layout are no part of it; a
    file that is no Python has that of its bytes."""
    return str(_said(content)[0])


def imports_of(content: bytes, above: str) -> list[str]:
    """Names that a module in the package `above` imports, inside functions as well; of `from a
    import b` both `a` and `a.b`, which may be a module."""
    found: list[str] = []
    for level, module, names in _said(content)[1]:
        parts = above.split(".")
        base = ".".join(parts[: len(parts) - level + 1]) if level else ""
        base = ".".join(filter(None, [base, module]))
        found += [base, *(f"{base}.{name}" for name in names)] if base else names
    return found


def keep() -> None:
    """Remember for the next process what was parsed in this one."""
    if not _new or sys.dont_write_bytecode:
        return
    text = json.dumps(dict(list({**_remembered(), **_new}.items())[-MOST:]))
    with contextlib.suppress(OSError):  # the package may be another user's
        write_text(KEPT, text)
    _new.clear()


def _said(content: bytes) -> list[Any]:
    key = digest(content)
    found = _new.get(key) or _remembered().get(key)
    if found is None:
        found = _new[key] = _parsed(content)
    return found


@cache
def _remembered() -> dict[str, list[Any]]:
    try:
        found = parse_json(KEPT.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _parsed(content: bytes) -> list[Any]:
    try:
        module = ast.parse(content)
    except (SyntaxError, ValueError):
        return [digest(content), []]
    return [digest(repr(_plain(module)).encode()), list(_imported(module))]


def _imported(tree: ast.Module) -> Iterator[list[Any]]:
    """(level, module, names) of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield [0, "", [alias.name for alias in node.names]]
        elif isinstance(node, ast.ImportFrom):
            yield [node.level, node.module or "", [alias.name for alias in node.names]]


def _plain(node: Any) -> Any:
    """A tree as nested tuples, without docstrings, places and whatever is empty, so that another
    version of Python, which may have more fields, says the same."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, ast.AST):
        return node
    fields = {name: getattr(node, name, None) for name in node._fields}
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    if isinstance(node, documented) and ast.get_docstring(node, False) is not None:
        fields["body"] = node.body[1:]
    return type(node).__name__, *(
        (name, _plain(value))
        for name, value in fields.items()
        if value is not None and value != [] and name not in ("ctx", "kind", "type_comment")
    )
