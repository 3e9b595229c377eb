"""Fixed weights by reference: what a run took from another run, or from a package, and never
trains, its checkpoints and weights keep as the place where it is, with a digest of each tensor.

In a state this is `elsewhere`: `origins`, where tensors come from, and of the parts `system` and
`export` the tensors that are not there, by name, each with the number of its origin and its digest.
An origin is the file of a run, named from the folder of the run that has the state, or a package.
So folders may be moved together; whatever is found must have the digest, or it is refused. Where
an origin was trained anew, its old file is found among what `fresh=true` moved aside.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from experiments.file import tensor as tensor_file
from experiments.file.kind import is_mapping, is_text, is_whole, listed, mapped, shaped
from experiments.file.tensor import Damaged
from experiments.run import folder as files
from experiments.run.checkpoint import read
from experiments.run.exported import ELSEWHERE, read_export
from experiments.run.folder import folder_of
from experiments.run.fresh import BEFORE, asides_of, home_of
from experiments.terminal.error import UserError

Tensors = Mapping[str, Tensor]
Wanted = Callable[[str], bool]
Packages = Callable[[str], Tensors]


@dataclass(frozen=True)
class Origin:
    """What a module got all of its weights from: the `group` of networks in a `file`, or a
    `package`. A module that has one says so by its attribute `came_from`."""

    file: Path | None = None
    group: str = ""
    package: str = ""

    def told(self, at: str, folder: Path) -> dict[str, str]:
        """For the state of the run in `folder`, whose module is `at`."""
        if self.file is None:
            return {"at": at, "package": self.package}
        run = folder_of(self.file)
        near = os.path.relpath(run.resolve(), home_of(folder))
        file = self.file.relative_to(run).as_posix()
        return {"at": at, "run": Path(near).as_posix(), "file": file, "group": self.group}


def complete(
    state: Mapping[str, Any],
    part: str,
    folder: Path,
    have: Tensors | None = None,
    wanted: Wanted = lambda name: True,
    packages: Packages | None = None,
) -> dict[str, Tensor]:
    """All tensors of a `part` of a state by their name, as `encoder.text.weight`.

    `folder`: of the run that has the state. `have`: what the networks hold already; it is taken
    where it is what the state was made with. `wanted`: which tensors are needed, of those that are
    kept elsewhere. `packages`: gives what a package carries. Raises `UserError` where one is not to
    be found.
    """
    found = dict(named(state[part]))
    kept = state.get(ELSEWHERE)
    if kept is None:
        return found
    if not _ELSEWHERE(kept) or any(number >= len(kept["origins"]) for number in _numbers(kept)):
        raise UserError(
            f"run={folder}: where its weights are is told in a way that nobody wrote here"
        )
    missing: dict[int, dict[str, str]] = defaultdict(dict)
    for name, (number, digest) in kept.get(part, {}).items():
        if not wanted(name):
            continue
        if have is not None and name in have and digest_of(name, have[name]) == digest:
            found[name] = have[name].detach()
        else:
            missing[number][name] = digest
    for number, digests in missing.items():
        found |= _from(kept["origins"][number], digests, folder, packages)
    return found


def _is_place(value: Any) -> bool:
    """A tensor that is elsewhere: the number of its origin, and its digest."""
    return isinstance(value, list) and len(value) == 2 and is_whole(value[0]) and is_text(value[1])


def _is_origin(value: Any) -> bool:
    asked = ("at", "package") if "package" in value else ("at", "run", "file", "group")
    return mapped(is_text)(value) and all(name in value for name in asked)


_ELSEWHERE = shaped(
    {
        "origins": lambda value: listed(is_mapping)(value) and all(map(_is_origin, value)),
        "system": mapped(_is_place),
        "export": mapped(_is_place),
    },
    "origins",
)


def _numbers(kept: Mapping[str, Any]) -> Iterator[int]:
    return (number for part in ("system", "export") for number, _ in kept.get(part, {}).values())


def named(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """The tensors of a state dict, or of several by their group, each by its whole name."""
    for key, value in part.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{key}", value
        else:
            yield from named(value, f"{prefix}{key}.")


def grouped(tensors: Tensors, groups: Iterable[str] = ()) -> dict[str, dict[str, Tensor]]:
    """By the first part of their names; `groups` are there also without any."""
    found: dict[str, dict[str, Tensor]] = {group: {} for group in groups}
    for name, tensor in tensors.items():
        group, _, rest = name.partition(".")
        found.setdefault(group, {})[rest] = tensor
    return found


def digest_of(name: str, tensor: Tensor) -> str:
    """Of a tensor anywhere; empty where it has no content."""
    return "" if tensor.is_meta else tensor_file.digest(name, tensor.detach().cpu().contiguous())


def _from(
    origin: Mapping[str, str],
    digests: Mapping[str, str],
    folder: Path,
    packages: Packages | None,
) -> dict[str, Tensor]:
    """Tensors of one origin, each with its digest."""
    at = origin["at"]
    theirs = {name: name.removeprefix(f"{at}.") for name in digests}
    if "package" in origin:
        package = origin["package"]
        carried = packages(package) if packages is not None else {}
        other = _unlike(digests, theirs, carried)
        if other is None:
            return {name: carried[theirs[name]] for name in digests}
        raise UserError(
            f"run={folder}: {other} is not what the package {package} carries here; install the "
            "version that it was trained with (environment.json)"
        )
    theirs = {name: f"{origin['group']}.{rest}" for name, rest in theirs.items()}
    where, fault = f"{origin['run']}/{origin['file']} from there", ""
    for file in _files(origin, folder):
        try:
            content = _content(file, set(theirs.values()), packages)
        except UserError as error:  # another place may have it
            fault = fault or str(error)
            continue
        other = _unlike(digests, theirs, content)
        if other is None:
            return {name: content[theirs[name]] for name in digests}
        fault = fault or (
            f"{file}: has another {other} than run={folder} was trained with; bring back the file "
            f"as it was, or train {folder.name} anew"
        )
    if fault:
        raise UserError(fault)
    raise UserError(
        f"run={folder}: its {at} is kept in the run that it was built on, {where}, which is not "
        "there; bring that run back"
    )


def _content(file: Path, names: set[str], packages: Packages | None) -> dict[str, Tensor]:
    """Tensors of a file of weights, with those that it keeps elsewhere itself."""
    run = folder_of(file)
    try:
        state = read_export(run) if file.name == files.MODEL else read(file)
    except Damaged as damage:
        raise UserError(f"{file}: is damaged ({damage}); bring back the file as it was") from None
    return complete(state, "export", run, wanted=names.__contains__, packages=packages)


def _unlike(digests: Mapping[str, str], theirs: Mapping[str, str], content: Tensors) -> str | None:
    """The first name whose tensor is missing or has another digest."""
    for name, digest in digests.items():
        tensor = content.get(theirs[name])
        if tensor is None or digest_of(name, tensor) != digest:
            return name
    return None


def _files(origin: Mapping[str, str], folder: Path) -> list[Path]:
    """The files that may be the one of an origin, those that are there: what was trained anew keeps
    the old one aside."""
    places = list(_places(origin, folder))
    places += [aside for place in places for aside in asides_of(place)]
    found = (place / origin["file"] for place in dict.fromkeys(places))
    return [file for file in found if file.is_file()]


def _places(origin: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """Where the run of an origin may be: as it lay beside this one, as it was given, and among the
    outputs that this one is in now."""
    home, run = home_of(folder), Path(origin["run"])
    yield Path(os.path.normpath(home / run))
    with suppress(UserError):
        given = (files.run_about(folder).get("built_on") or {}).get(origin["at"])
        if given is not None:
            yield Path(given).resolve()
    depth = 3 if run.parent.name == BEFORE else 2
    yield home.parent.parent.joinpath(*run.parts[-depth:])


def referenced(outputs: Path) -> dict[Path, list[Path]]:
    """Runs of which others keep weights by reference, each with the runs that do: who removes one
    of the first makes those unusable."""
    found: dict[Path, list[Path]] = {}
    for file, runs in needed_files(outputs).items():
        users = found.setdefault(folder_of(file), [])
        users += [run for run in runs if run not in users]
    return found


def needed_files(outputs: Path) -> dict[Path, list[Path]]:
    """The files in which other runs have weights, each with these runs, those moved aside among
    them. Reads headers of files alone where there is one file that it may be, and else compares."""
    found: dict[Path, list[Path]] = {}
    known: dict[Any, list[Path]] = {}
    there = [*outputs.glob(f"*/*/{files.RUN}"), *outputs.glob(f"*/{BEFORE}/*/{files.RUN}")]
    for about in sorted(there):
        run = about.parent.resolve()
        for file in dict.fromkeys(_used(run, known)):
            if folder_of(file) != run:
                found.setdefault(file, []).append(run)
    return found


def _used(run: Path, known: dict[Any, list[Path]]) -> Iterator[Path]:
    """The files in which a run has weights. `known`: what was compared already."""
    for kind in ("checkpoints", "weights", "best"):
        for file in files.by_images(run, kind):
            with suppress(Damaged, LookupError, TypeError, AttributeError):
                kept = tensor_file.beside_tensors(file).get(ELSEWHERE) or {"origins": []}
                for number, origin in enumerate(kept["origins"]):
                    if "run" not in origin:
                        continue
                    places = kept.get("system", {}) | kept.get("export", {})
                    digests = {n: digest for n, (of, digest) in places.items() if of == number}
                    maybe = [place.resolve() for place in _files(origin, run)]
                    key = (*maybe, *sorted(digests.items()))
                    if key not in known:
                        known[key] = _fitting(maybe, origin, digests)
                    yield from known[key]


def _fitting(
    maybe: list[Path], origin: Mapping[str, str], digests: Mapping[str, str]
) -> list[Path]:
    """The first of several files that has these tensors, or all where no one has. What a file keeps
    elsewhere itself is not compared."""
    for file in maybe if len(maybe) > 1 else ():
        with suppress(Damaged, UserError, LookupError):
            run = folder_of(file)
            state = read_export(run) if file.name == files.MODEL else read(file)
            have = dict(named(state["export"]))
            theirs = {n: f"{origin['group']}.{n.removeprefix(origin['at'] + '.')}" for n in digests}
            own = {name: digest for name, digest in digests.items() if theirs[name] in have}
            if own and _unlike(own, theirs, have) is None:
                return [file]
    return maybe
