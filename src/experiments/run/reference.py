"""Fixed weights by reference: what a run took from another run, or from a package, and never
trains, its checkpoints and weights keep as the place where it is, with a digest of each tensor.

In a state this is `elsewhere`: `origins`, where tensors come from, and of the parts `system` and
`export` the tensors that are not there, by name, each with the number of its origin and its digest.
An origin is the file of a run, named from the folder of the run that has the state, or a package.
So folders may be moved together; whatever is found must have the digest, or it is refused.
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
from experiments.run.exported import read_export
from experiments.terminal.error import UserError

ELSEWHERE = "elsewhere"  # the key of a state
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
        near = os.path.relpath(run.resolve(), folder.resolve())
        file = self.file.relative_to(run).as_posix()
        return {"at": at, "run": Path(near).as_posix(), "file": file, "group": self.group}


def folder_of(file: Path) -> Path:
    """The run, or the export, that a file of weights belongs to."""
    return file.parent if file.name == files.MODEL else file.parents[1]


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
    for place in dict.fromkeys(_places(origin, folder)):
        file = place / origin["file"]
        if not file.is_file():
            continue
        content = _content(file, set(theirs.values()), packages)
        other = _unlike(digests, theirs, content)
        if other is None:
            return {name: content[theirs[name]] for name in digests}
        fault = fault or f"{file}: has another {other} than run={folder} was trained with"
    if fault:
        raise UserError(f"{fault}; bring back the file as it was, or train {folder.name} anew")
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


def _places(origin: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """Where the run of an origin may be: as it lay beside this one, as it was given, and among the
    outputs that this one is in now."""
    home = folder.resolve()
    yield Path(os.path.normpath(home / origin["run"]))
    with suppress(UserError):
        given = (files.run_about(folder).get("built_on") or {}).get(origin["at"])
        if given is not None:
            yield Path(given).resolve()
    yield home.parent.parent.joinpath(*Path(origin["run"]).parts[-2:])


def referenced(outputs: Path) -> dict[Path, list[Path]]:
    """Runs of which others keep weights by reference, each with the runs that do: who removes one
    of the first makes those unusable. Reads headers of files alone."""
    found: dict[Path, list[Path]] = {}
    for about in sorted(outputs.glob(f"*/*/{files.RUN}")):
        run = about.parent.resolve()
        for place in dict.fromkeys(_used(run)):
            if place != run:
                found.setdefault(place, []).append(run)
    return found


def _used(run: Path) -> Iterator[Path]:
    """The runs in which a run has weights, those that are there."""
    for kind in ("checkpoints", "weights"):
        for file in files.by_images(run, kind):
            with suppress(Damaged, LookupError, TypeError, AttributeError):
                kept = tensor_file.beside_tensors(file).get(ELSEWHERE) or {"origins": []}
                for origin in kept["origins"]:
                    places = _places(origin, run) if "run" in origin else ()
                    yield from [p for p in places if (p / origin["file"]).is_file()][:1]
