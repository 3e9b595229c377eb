"""What the person at the terminal brings along: folders of options, and packages of classes.

`--config-dir` and `hydra.searchpath` name folders like `conf/`; `launch.targets`, of the command or
of a file in such a folder, names packages. Both hold for this process and for those that it starts,
which find them in the environment. What an export or a download says names none.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from yaml.reader import Reader

from experiments.config.place import CONF
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import near

FOLDERS, PACKAGES = "BIRDSONG_CONFIG_DIR", "BIRDSONG_TARGETS"
OURS = "experiments."
LONGEST = 200  # letters of the name of a group
SCHEMES = ("file://", "pkg://")
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
SEPARATORS = {FOLDERS: os.pathsep, PACKAGES: ","}
_reached: set[str] = set()  # packages that were found
_added: list[tuple[str, str]] = []  # by commands of this process


def begin(named: Iterable[tuple[str, str]] = ()) -> None:
    """Take the folders that a command line names, each beside the key that names it, and forget
    what an earlier command of this process brought. Raises `UserError` for what cannot be taken."""
    for variable in (FOLDERS, PACKAGES):
        _write(variable, [item for item in _read(variable) if (variable, item) not in _added])
    _added.clear()
    given = _read(FOLDERS)
    _write(FOLDERS, [])
    for text in given:
        _add(FOLDERS, text)
    for key, text in named:
        add(key, text)


def add(key: str, text: str) -> None:
    """One folder more, until the next command; `key` names it to the user. Raises `UserError` where
    it cannot be taken."""
    if (folder := _add(key, text)) is not None:
        _added.append((FOLDERS, folder))


def _read(variable: str) -> list[str]:
    return [item for item in os.environ.get(variable, "").split(SEPARATORS[variable]) if item]


def _write(variable: str, items: Iterable[str]) -> None:
    os.environ[variable] = SEPARATORS[variable].join(dict.fromkeys(items))
    if not os.environ[variable]:
        del os.environ[variable]


def _add(key: str, text: str) -> str | None:
    """One folder more; None where it is known. Raises `UserError` where it cannot be taken."""
    folder = _folder(key, text)
    if folder in roots():
        return None
    for file in sorted(folder.rglob("*.yaml")):
        name = file.relative_to(folder)
        before = next((root for root in roots() if (root / name).is_file()), None)
        if before is not None:
            whose = "Birdsong" if before == CONF else before
            raise UserError(f"{file}: {whose} has a {name} already; give yours another name")
        _require_text(file)
    _write(FOLDERS, [*_read(FOLDERS), str(folder)])
    return str(folder)


def _require_text(file: Path) -> None:
    """Raise `UserError` for a file that YAML cannot be: what reads it later names no file."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{near(file)}: is no UTF-8, at byte {error.start}; save it as UTF-8"
        ) from None
    except OSError as error:
        raise UserError(f"{near(file)}: cannot be read ({reason_of(error)})") from None
    if found := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise UserError(
            f"{near(file)}:{line}: holds the control character U+{ord(found[0]):04X}; remove it"
        )


def _folder(key: str, text: str) -> Path:
    scheme = next((scheme for scheme in SCHEMES if text.startswith(scheme)), "")
    path = Path(text.removeprefix(scheme)).expanduser()
    if scheme == "pkg://":
        package, *inside = re.split("[./]", text.removeprefix(scheme))
        home = home_of(package)
        if home is None:
            raise UserError(f"{key}={text}: there is no package {package}; install it, or give DIR")
        path = home.joinpath(*inside)
    elif "://" in text and not scheme:
        raise UserError(f"{key}={text}: must be a folder, file:///DIR or pkg://PACKAGE/DIR")
    if not path.is_dir():
        raise UserError(f"{key}={text}: there is no such folder")
    if os.pathsep in str(path.resolve()):
        raise UserError(f"{key}={text}: a folder with {os.pathsep} in its name cannot be used")
    return path.resolve()


def folders() -> tuple[Path, ...]:
    """Folders like `conf/` that the person at the terminal named, in order."""
    return tuple(map(Path, _read(FOLDERS)))


def roots() -> tuple[Path, ...]:
    """All folders of options, ours first."""
    return CONF, *folders()


def searchpath() -> list[str]:
    """The override by which Hydra looks there, too; none where there are no such folders."""
    texts = (re.sub(r'(\\*)"', r'\1\1\\"', str(folder)) for folder in folders())
    listed = ",".join(f'"file://{text}"' for text in texts)
    return [f"hydra.searchpath=[{listed}]"] if listed else []


def groups() -> list[str]:
    """The names of the groups of options: folders with files, and folders of such."""
    found = {
        str(folder.relative_to(root))
        for root in roots()
        for folder in root.rglob("*")
        if folder.is_dir() and next(folder.rglob("*.yaml"), None)
    }
    return sorted(found)


def tops() -> set[str]:
    """The groups that stand at the top of a configuration."""
    return {folder.name for root in roots() for folder in root.iterdir() if folder.is_dir()}


def is_group(name: str) -> bool:
    """Whether there is a folder of that name; one that no file system takes has none."""
    fits = len(name) < LONGEST and "\0" not in name
    return fits and any((root / name).is_dir() for root in roots())


def options(group: str) -> dict[str, Path]:
    """The files of a group by their option, in order."""
    files = [file for root in roots() for file in (root / group).glob("*.yaml")]
    return {file.stem: file for file in sorted(files, key=lambda file: file.stem)}


def trust(names: Any) -> bool:
    """Classes of these packages may be named from now on; whether any is new. Raises `UserError`
    for what is no list of packages, and for one that cannot be found."""
    if not isinstance(names, list) or not all(NAME.fullmatch(str(name)) for name in names):
        raise UserError(f"launch.targets={names}: must be a list of packages, as [mylab]")
    known = packages()
    new = [str(name) for name in names if str(name) not in (*known, OURS[:-1])]
    for name in dict.fromkeys(new):
        if not _reach(name):
            where = ", ".join(map(str, _places()))
            raise UserError(
                f"launch.targets=[{name}]: there is no package {name}; install it, or put its "
                f"folder where it is looked for: {where}"
            )
    _write(PACKAGES, [*known, *new])
    _added.extend((PACKAGES, name) for name in new)
    return bool(new)


def packages() -> tuple[str, ...]:
    """The packages whose classes a configuration may name besides ours; where they lie beside a
    folder of options or in the current folder, they can be imported from now on."""
    found = _read(PACKAGES)
    for name in found:
        _reach(name)
    return tuple(found)


def is_own(target: str) -> bool:
    """Whether a class is one of those packages'."""
    return any(target.startswith(f"{name}.") for name in packages())


def is_allowed(target: str) -> bool:
    """Whether a configuration may name it: ours, or one of those packages'."""
    return target.startswith(OURS) or is_own(target)


def home_of(package: str) -> Path | None:
    """The folder of a package, or the file of a module that is none; nothing is imported."""
    try:
        spec = find_spec(package) if package.isidentifier() else None
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    places = list(spec.submodule_search_locations or [])
    if places:
        return Path(places[0])
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def _reach(name: str) -> bool:
    """Whether a package can be imported, by now: last of all from the places of one's own."""
    top = name.partition(".")[0]
    if top in _reached or home_of(top) is not None:
        _reached.add(top)
        return True
    for place in _places():
        if (place / top).is_dir() or (place / f"{top}.py").is_file():
            sys.path.append(str(place))  # at the end: it hides no installed package
            return home_of(top) is not None
    return False


def _places() -> Iterator[Path]:
    seen: set[Path] = set()
    for place in (*(folder.parent for folder in folders()), *folders(), Path.cwd()):
        if place not in seen:
            seen.add(place)
            yield place
