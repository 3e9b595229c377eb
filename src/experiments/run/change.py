"""Whether a run was made by the code that is there now: recorded in `code.json`, and told in one
line wherever a run is found that was not. The id of a run is its configuration's alone.

`code.json` has a version for each code that the run was trained under: from how many images on, and
the fingerprints of its files (`code.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.file.whole import write_json
from experiments.run import folder as files
from experiments.run.code import changed, code_of, same
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of, say

FEW = 3  # files that a line names
OWN = "experiments/"
ANEW = "fresh=true begins anew, variant=NAME makes another run beside it"
BELOW = (  # of what another run builds on
    "its own command with fresh=true trains it anew, and runs built on it keep its old weights"
)
READ = "its own command with fresh=true trains it anew, with variant=NAME another run beside it"
_told: set[tuple[str, ...]] = set()  # the folder of a run, and files, by this process


def record_code(folder: Path, config: Mapping[str, Any], images: int) -> None:
    """Note the code that trains the run from `images` on. What an earlier try recorded of these
    images goes: they are trained again."""
    kept = [version for version in versions(folder) if version["images"] < images]
    code = code_of(config)
    if not kept or not same(kept[-1]["files"], code):
        kept.append({"images": images, "files": code})
    write_json(folder / files.CODE, {"versions": kept})


def versions(folder: Path) -> list[dict[str, Any]]:
    """All code that a run was trained under, in order; none of a run from before this was recorded,
    or where the file is damaged: the next start writes it anew."""
    try:
        return list(files.run_code(folder)["versions"])
    except UserError:
        return []


def changes(folder: Path, images: int | None = None) -> list[str]:
    """The files that are other code than when the run was last trained, or was on its way to so
    many `images`; none where nothing is known."""
    found = versions(folder)
    if images is not None:
        found = [version for version in found if version["images"] < images] or found[:1]
    return changed(found[-1]["files"]) if found else []


def tell_changes(folder: Path, kept: str, anew: str = ANEW, images: int | None = None) -> None:
    """One line where the code of a run, or of its state after `images`, changed since, once in a
    process. `kept`: what becomes of the run; `anew`: how to begin anew."""
    found = changes(folder, images)
    if found and _is_news(folder, found):
        say(f"{folder}: {named(found)} changed since it was trained; {kept}; {anew}")


def tell_changes_of(folders: Iterable[Path], kept: str, anew: str) -> None:
    """One line for all runs of a study, or of a report."""
    found = {folder: changes(folder) for folder in dict.fromkeys(folders)}
    told = [folder for folder, names in found.items() if names and _is_news(folder, names)]
    if told:
        names = list(dict.fromkeys(name for folder in told for name in found[folder]))
        runs = f"{len(told)} of {number_of(len(found), 'run')}"
        first = f"{told[0]}{' and others' if len(told) > 1 else ''}"
        say(f"{runs} ({first}): {named(names)} changed since; {kept}; {anew}")


def _is_news(folder: Path, names: Sequence[str]) -> bool:
    """Whether this process has not said so yet, of this run and these files."""
    news = (str(folder), *names) not in _told
    _told.add((str(folder), *names))
    return news


def because_of(folder: Path) -> str:
    """For the end of an error line about a run: that its code has changed, if it has."""
    found = changes(folder)
    return f"; since it was trained {named(found)} changed" if found else ""


def named(names: Sequence[str]) -> str:
    """The first few files, and how many more."""
    short = [name.removeprefix(OWN) for name in names]
    more = len(short) - FEW
    return ", ".join(short[:FEW]) + (f" and {number_of(more, 'more file')}" if more > 0 else "")
