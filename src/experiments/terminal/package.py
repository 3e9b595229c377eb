"""How a package that is missing is installed: the one place that words it.

Never by a name of this project: an index may give that name to anybody.
"""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path

NAME = "birdsong-gan"
CLONE = Path(__file__).resolve().parents[3]
EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def installing(package: str) -> str:
    """The command for a package of the extras or the core: in a clone by what wants it, elsewhere
    the package itself, in the versions that were tested."""
    extra, wanted = _wanted().get(package, ("", package))
    if not in_clone():
        return f"pip install {shlex.quote(wanted)}"
    folder = "." if Path.cwd() == CLONE else str(CLONE)
    return (
        f"pip install -e {shlex.quote(f'{folder}[{extra}]')}"
        if extra
        else (f"pip install -e {shlex.quote(folder)}")
    )


def alone(package: str) -> str:
    """The same for a reader who may have no clone, as of a model card."""
    return f"pip install {shlex.quote(_wanted().get(package, ('', package))[1])}"


def wanted(package: str) -> str:
    """A package with the versions that were tested, as a file of requirements names it."""
    return _wanted().get(package, ("", package))[1]


def in_clone() -> bool:
    """Whether this code lies in a clone of the project."""
    return (CLONE / "src/experiments").is_dir() and (CLONE / "pyproject.toml").is_file()


@cache
def _wanted() -> dict[str, tuple[str, str]]:
    """By package: the extra that brings it, "" of the core, and its requirement with versions."""
    found: dict[str, tuple[str, str]] = {}
    for extra, text in _requirements():
        wanted = text.partition(";")[0].strip()
        found.setdefault(re.split(r"[^\w.-]", wanted)[0].lower(), (extra, wanted))
    return found


def _requirements() -> list[tuple[str, str]]:
    if in_clone():
        project = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = {"": project["dependencies"], **project["optional-dependencies"]}
        return [(extra, text) for extra, texts in extras.items() for text in texts]
    try:
        texts = importlib.metadata.requires(NAME) or []
    except importlib.metadata.PackageNotFoundError:  # a copy of the sources
        return []
    return [(match[1] if (match := EXTRA.search(text)) else "", text) for text in texts]
