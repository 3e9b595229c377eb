"""Whatever key a message names is one that a command line takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from experiments.config import outside
from experiments.config.compose import CONF, choices_of_none
from experiments.config.option import OPTIONS
from experiments.config.required import KINDS, OPTIONAL
from experiments.config.signature import signature

SOURCE = Path(__file__).parents[2] / "src/experiments"
TOPS = sorted(
    {*outside.tops(), *(key.partition(".")[0] for key in KINDS), "hydra"} - {"study", "search"}
)
# A key with at least one dot, as `data.reader.text`, behind nothing that makes it a path or a name.
NAMED = re.compile(rf"(?<![\w./\-§])\+{{0,2}}((?:{'|'.join(TOPS)})(?:\.[a-z_]\w*)+)(?![\w/(]|\.\w)")
CHOSEN = re.compile(rf"(?<![\w./\-])((?:{'|'.join(TOPS)})(?:/[a-z_]+)*)=(\w+)")
ANY = "ANY"  # what stands in braces
# Names of Python or of files that begin as a key does; a new one says here what it is.
NO_KEYS = {
    "data.npy": "a file",
    "run.json": "a file of a run",
    "run.py": "the script",
    "answers.json": "a file of a study",
    "answers.csv": "a file of a study",
    "report.json": "a file",
    "report.md": "a file",
    "clip.py": "a file",
    "app.py": "a file of a Space",
}


def messages(source: str) -> Iterator[tuple[int, str]]:
    """Texts of a module that are no docstrings, with their lines; ANY stands for what is put in."""
    tree = ast.parse(source)
    left = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left |= {id(part) for part in node.values}
            parts = (p.value if isinstance(p, ast.Constant) else ANY for p in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left
        ):
            yield node.lineno, node.value


@cache
def keys() -> frozenset[str]:
    """Every key of every file of `conf/`, at its place, and what the classes there would take."""
    found = {*KINDS, *OPTIONAL}
    for group, option in OPTIONS.items():
        found |= {f"{group}.{name}" for name in option.__dataclass_fields__}
    for file in CONF.rglob("*.yaml"):
        content = OmegaConf.to_container(OmegaConf.load(file))
        first = file.read_text(encoding="utf-8").lstrip().partition("\n")[0]
        whole = "_global_" in file.read_text(encoding="utf-8").partition("defaults")[0] or (
            "@package _global_" in first
        )
        place = (
            "" if whole or file.parent == CONF else ".".join(file.parent.relative_to(CONF).parts)
        )
        found |= set(_below(content, place))
    above = {key.rpartition(".")[0] for key in found}
    return frozenset(found | above)


def _below(node: Any, path: str) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    for target in [node["_target_"]] if "_target_" in node else []:
        yield from (f"{path}.{name}" for name in signature(str(target)) or ())
    for key, value in node.items():
        inner = f"{path}.{key}".lstrip(".")
        yield inner
        yield from _below(value, inner)


def named() -> list[tuple[str, str]]:
    """(key, place) of every key that a text of the source names."""
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        for line, text in messages(file.read_text(encoding="utf-8")):
            if text.startswith("experiments.") or ("\n\n" in text and "<" in text):
                continue  # a class, a page
            for match in NAMED.finditer(text):
                if " " in text or "=" in text:  # a sentence, or an override; else it may be a path
                    found.append((match[1], f"{file.relative_to(SOURCE)}:{line}"))
    return found


def test_every_key_that_a_message_names_exists() -> None:
    known = keys()
    assert len(named()) > 150 and "data.reader.text" in known and "data.text" not in known
    lost = sorted(
        f"{place}: {key}"
        for key, place in named()
        if key not in known
        and key not in NO_KEYS
        and ANY not in key
        and not key.startswith("hydra.")
    )
    assert not lost, "\n".join(lost)


def test_every_option_that_a_message_names_exists() -> None:
    """`metric=completion`, `encoder/image=cnn`, `~metric`: what is to be chosen is there."""
    lost, met = [], 0
    for file in sorted(SOURCE.rglob("*.py")):
        for line, text in messages(file.read_text(encoding="utf-8")):
            for group, option in CHOSEN.findall(text) if " " in text else ():
                folder, none = CONF / group, option == "null" and group in choices_of_none()
                if not folder.is_dir() or option.isupper() or option.startswith((ANY, "glob")):
                    continue
                met += 1
                if not ((folder / f"{option}.yaml").is_file() or none):
                    lost.append(f"{file.relative_to(SOURCE)}:{line}: {group}={option}")
    assert met > 20 and not lost, "\n".join(lost)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("data.text: no such folder", ["data.text"]),
        ("set +data.reader.text=DIR", ["data.reader.text"]),
        ("in outputs/data.root or mydata.root", []),
        ("use trainer.batch=4, or launch.threads=1", ["trainer.batch", "launch.threads"]),
    ],
)
def test_what_is_taken_for_a_key(text: str, found: list[str]) -> None:
    assert [match[1] for match in NAMED.finditer(text)] == found
