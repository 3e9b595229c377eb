"""The code that makes a run: which files, and fingerprints of each. Nothing is imported for it.

A run is made by the modules that its configuration names (every `_target_`), by the step that
trains them, and by what these import of the same packages: this project, and a user's own one where
a configuration names its classes. `OTHERS` are rooms that say, write or find and compute nothing of
a result; they are not followed.

A file has two fingerprints. That of its bytes is found in no time, and where it is the same,
nothing has changed. That of its syntax tree (`source.py`) is asked only where the bytes differ: a
comment, a docstring or another layout is no other code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.config.outside import home_of
from experiments.config.target import targets_in
from experiments.run.source import digest, imports_of, keep, tree_of

STEP = "experiments.trainer.training"  # what a step is, whatever the system
OTHERS = tuple(f"experiments.{room}." for room in ("config", "file", "run", "terminal", "tracker"))
OURS = "experiments"
BYTES, TREE = "bytes", "tree"  # the two fingerprints of a file
Files = dict[str, dict[str, str]]  # by `experiments/layer/residual.py`


def code_of(config: Mapping[str, Any]) -> Files:
    """The files that make a run of a resolved configuration, in order, with their fingerprints."""
    roots = [str(target).rpartition(".")[0] for target in targets_in(dict(config))]
    waiting, found = [STEP, *roots], dict[str, tuple[Path, bytes]]()
    while waiting:
        module = waiting.pop()
        place = None if module in found else place_of(module)
        if place is None:
            continue
        content = place.read_bytes()
        found[module] = place, content
        above = module.rpartition(".")[0]
        waiting += [above] if "." in above else []  # importing a module runs its package
        inside = module if place.name == "__init__.py" else above
        top = module.partition(".")[0]
        waiting += [
            name
            for name in imports_of(content, inside)
            if name.partition(".")[0] == top and not f"{name}.".startswith(OTHERS)
        ]
    files = {
        _name(module, place): {BYTES: digest(content), TREE: tree_of(content)}
        for module, (place, content) in sorted(found.items())
    }
    keep()
    return files


def changed(files: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Those of a run's files that are other code by now, or gone; in order."""
    return [name for name, known in files.items() if _differs(name, known)]


def same(one: Mapping[str, Mapping[str, str]], other: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether the files that both have are the same code. What one alone has is there by an edit of
    these, or belongs to a metric, which a command may change without making another run."""
    return all(one[name].get(TREE) == other[name].get(TREE) for name in one.keys() & other.keys())


def _differs(name: str, known: Mapping[str, str]) -> bool:
    package = name.partition("/")[0].removesuffix(".py")
    if package != OURS and _home(package) is None:
        return False  # somebody's own, which is not here: nothing is known of it
    content = _content(name)
    if content is None:
        return True
    return digest(content) != known.get(BYTES) and tree_of(content) != known.get(TREE)


def _content(name: str) -> bytes | None:
    """What stands in a file by now: a notebook edits while its process lives."""
    package, _, rest = name.partition("/")
    home = _home(package.removesuffix(".py"))
    try:
        return None if home is None else home.joinpath(*filter(None, [rest])).read_bytes()
    except OSError:
        return None


_homes: dict[str, Path] = {}


def _home(package: str) -> Path | None:
    """The folder of a package, or the file of a module that is none; nothing is imported for it.
    One that is not here may be later: a command that names it says where it is."""
    if package not in _homes and (found := home_of(package)) is not None:
        _homes[package] = found
    return _homes.get(package)


def place_of(module: str) -> Path | None:
    """The file of a module; None for a name that is none, as a class or a missing one."""
    package, _, rest = module.partition(".")
    home = _home(package)
    if home is None:
        return None
    if home.is_file():
        return None if rest else home
    base = home.joinpath(*rest.split(".")) if rest else home
    files = (base.with_suffix(".py"), base / "__init__.py") if rest else (home / "__init__.py",)
    return next((file for file in files if file.is_file()), None)


def _name(module: str, place: Path) -> str:
    package = module.partition(".")[0]
    home = _home(package)
    assert home is not None, "it was found there"
    if place == home:
        return place.name
    return f"{package}/{place.relative_to(home).as_posix()}"
