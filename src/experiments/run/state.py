"""A run as a command names it, and the state of it that is meant.

run=outputs/attngan-plumage/34f6266e81     its folder
run=34f6266e81                             its id alone, or the beginning of it
run=plumage                                a model that comes with Birdsong
run=...@4000, run=...@best                 the state after so many images, or the best by
                                           `trainer.keep_best`; without either the newest
run=...@minimum2                           the state at the second minimum of `trainer.minima`
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.run import folder as files
from experiments.run.shipped_model import near_model, shipped_model
from experiments.terminal.error import UserError

BEST = "best"
ID = re.compile(r"[0-9a-f]{3,10}")
AT = re.compile(rf"[0-9]{{1,18}}|{BEST}|{files.MINIMUM}[1-9][0-9]{{0,3}}")
OUTPUTS = "outputs"  # where runs lie, unless paths.outputs says something else
FEW = 6  # runs that an error lists


@dataclass(frozen=True)
class Named:
    """The folder of a run, and the images of its state, "best", or "minimum" with its number; None:
    the newest."""

    folder: Path
    at: str | None = None

    def __str__(self) -> str:
        return str(self.folder) + (f"@{self.at}" if self.at else "")


def named(text: str, outputs: str | Path = OUTPUTS, key: str = "run=") -> Named:
    """What a text names. Ids are looked for in `outputs`; `key` begins what is said of the text.

    Raises `UserError` where an id is that of no run, or of several.
    """
    head, sign, at = text.rpartition("@")
    if not sign or not AT.fullmatch(at) or Path(text).exists():
        head, at = text, ""
    place = Path(head)
    if not place.exists():
        place = shipped_model(head, Path(outputs)) or place
    if ID.fullmatch(head) and not place.exists():
        place = _of_id(head, Path(outputs), f"{key}{text}")
    if not place.exists() and (meant := near_model(head)):
        raise UserError(f"{key}{text}: there is no such folder{meant}")
    return Named(place, at.lstrip("0") or at or None)


def outputs_of(config: Mapping[str, Any]) -> str:
    """Where a configuration has its runs."""
    return str((config.get("paths") or {}).get("outputs", OUTPUTS))


def run_named(text: str, outputs: str | Path = OUTPUTS, key: str = "run=") -> Path:
    """The same for whoever reads a run as it is now. Raises `UserError` for an earlier state."""
    found = named(text, outputs, key)
    if found.at is not None:
        raise UserError(
            f"{key}{text}: only task=sample, evaluate and export read an earlier state; leave "
            f"@{found.at} away"
        )
    return found.folder


def _of_id(beginning: str, outputs: Path, told: str) -> Path:
    there = sorted(path.parent for path in outputs.glob(f"*/*/{files.RUN}"))
    found = [place for place in there if place.name.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{told}: is the beginning of several ids: {_listed(found)}")
    others = f"; there are: {_listed(there)}" if there else ", nor any other"
    raise UserError(f"{told}: no run in {outputs} has this id{others}")


def _listed(places: list[Path]) -> str:
    first = ", ".join(f"{place.parent.name}/{place.name}" for place in places[:FEW])
    return first + (f" and {len(places) - FEW} more" if len(places) > FEW else "")


def files_of(run: Named) -> list[Path]:
    """Where the weights of that state may lie, the best first. Raises `UserError` where there are
    none, which lists the states that there are."""
    if run.at is None:
        return sorted(_all(run.folder), key=files.images_of, reverse=True)
    if files.is_export(run.folder):
        raise UserError(f"run={run}: is an export, which has one state; leave @{run.at} away")
    if run.at == BEST:
        found = files.by_images(run.folder, BEST)
        if not found:
            raise UserError(
                f"run={run}: keeps no best state; trainer.keep_best=SCORE keeps one, of another run"
            )
        return found
    if run.at.startswith(files.MINIMUM):
        return [_minimum(run)]
    places = [
        *_all(run.folder),
        *files.by_images(run.folder, BEST),
        *files.by_images(run.folder, files.MINIMA),
    ]
    found = [path for path in places if files.images_of(path) == int(run.at)]
    if not found:
        raise UserError(f"run={run}: has no such state; {states(run.folder)}")
    return found


def _minimum(run: Named) -> Path:
    """The weights at one of the minima of a loss. Raises `UserError` where it has not so many."""
    assert run.at is not None
    number, known = int(run.at.removeprefix(files.MINIMUM)), files.run_minima(run.folder)
    if known is None:
        raise UserError(
            f"run={run}: marks no minima; trainer.minima=generator does, from its beginning"
        )
    minima, phase = known["minima"], known["phase"]
    if number > len(minima):
        raise UserError(f"run={run}: the {phase}'s loss had {len(minima)} minima so far")
    path = files.file_at(run.folder, files.MINIMA, int(minima[number - 1]))
    if not path.is_file():
        raise UserError(f"run={run}: {path} is no longer there; {states(run.folder)}")
    return path


def images_at(run: Named) -> int | None:
    """Images of the state that is named; None for the newest. Raises `UserError` as `files_of`."""
    return None if run.at is None else files.images_of(files_of(run)[0])


def states(folder: Path) -> str:
    """The states of a run that can be named, in words."""
    counts = sorted({files.images_of(path) for path in _all(folder)})
    best = [f"@{BEST} ({files.images_of(path)})" for path in files.by_images(folder, BEST)[:1]]
    minima = (files.run_minima(folder) or {}).get("minima", [])
    low = [f"@{files.MINIMUM}{number} ({at})" for number, at in enumerate(minima, 1)]
    told = ", ".join([*(f"@{count}" for count in counts), *best, *low])
    return f"there are: {told}" if told else "it has no weights yet"


def _all(folder: Path) -> Iterator[Path]:
    for kind in ("weights", "checkpoints"):
        yield from files.by_images(folder, kind)
