"""Runs on a folder of anybody's pictures, found again wherever the pictures lie now.

Where a command names no other, such a data set is named by its root, and the name is a part of the
id of its runs: other pictures are other runs. A job that stages its data to a scratch disk has
another root each time. So where there is no run under the root's own name, those that were made of
the same contents lend theirs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.data.source import hub_name
from experiments.data.store.fingerprint import Fingerprint, difference, fingerprint_of, read_as
from experiments.data.text.words import Tokeniser, recorded_tokeniser, tokeniser_of
from experiments.run import folder as files
from experiments.run.reader import reader_of
from experiments.terminal.error import UserError
from experiments.terminal.line import say_once

MOST = 20  # runs with the same recipe that are looked at, to say that their data were others


def named_by_place(config: Mapping[str, Any]) -> bool:
    """Whether a configuration has no other name for its data than where they lie."""
    data = config["data"]
    name = data.get("name")
    return name is not None and name == data.get("root") and hub_name(data) is None


def with_known_name(
    config: dict[str, Any], data: str, folder_of: Callable[[dict[str, Any]], Path]
) -> dict[str, Any]:
    """The configuration, with the name under which runs know the data that are at its root now; as
    it is where there is none, or where the data are not there. `data`: the option of `conf/data/`;
    `folder_of`: where the run of a configuration lies."""
    if not named_by_place(config) or folder_of(config).exists():
        return config
    made = _runs(Path(config["paths"]["outputs"]), data)
    known = _fingerprint(config) if made else None
    if known is None:
        return config
    own, root = config["data"]["name"], config["data"]["root"]
    alike = [folder for folder, data_of in made if data_of in (known.now, known.by_time or None)]
    alike += _read_otherwise(config, [run for run in made if run[0] not in alike])
    names = dict.fromkeys(filter(None, map(_name, alike)))
    for name in sorted(names, key=lambda name: not folder_of(_named(config, name)).exists()):
        if name != own:
            say_once(f"data.root={root}: the same data as {name}, and the same runs")
        return _named(config, name)
    here = folder_of(config).parent
    for folder in [folder for folder, _ in made if folder.parent == here][-MOST:]:
        other = _name(folder)
        if other and folder_of(_named(config, other)) == folder:
            _tell_other(config, folder, other, known)
            break
    return config


def _read_otherwise(config: Mapping[str, Any], made: list[tuple[Path, str]]) -> list[Path]:
    """The runs on these data that cut captions into words in another way, as all did before there
    were two. What they read has another fingerprint."""
    ways: dict[Tokeniser, list[tuple[Path, str]]] = {}
    for folder, data_of in made:
        with suppress(UserError):
            ways.setdefault(recorded_tokeniser(files.run_facts(folder)), []).append(
                (folder, data_of)
            )
    ways.pop(tokeniser_of(_reader(config)), None)
    found: list[Path] = []
    for way, runs in ways.items():
        known = _fingerprint(config, way)
        found += [folder for folder, data_of in runs if known and data_of == known.now]
    return found


def _tell_other(config: Mapping[str, Any], folder: Path, name: str, known: Fingerprint) -> None:
    before, cache = str(files.run_facts(folder).get("data")), Path(config["paths"]["cache"])
    differ = difference(cache, str(_reader(config).name), before, known.now)
    if differ:  # else they are another data set altogether
        say_once(
            f"data.root={config['data']['root']}: nearly the data of {folder}, which lay in {name} "
            f"({differ}); they have a run of their own"
        )


def _named(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    changed = copy.deepcopy(dict(config))
    changed["data"]["name"] = name
    return changed


def _reader(config: Mapping[str, Any]) -> Any:
    return reader_of(config)


def _fingerprint(
    config: Mapping[str, Any], tokeniser: Tokeniser | None = None
) -> Fingerprint | None:
    """None where the data are not there; whoever needs them says so."""
    try:
        reader = _reader(config)
        more = read_as(reader, config["data"].get("limit"), tokeniser)
        return fingerprint_of(reader, Path(config["paths"]["cache"]), more=more)
    except UserError:
        return None


def _runs(outputs: Path, data: str) -> list[tuple[Path, str]]:
    """Every run on such data, with their fingerprint; oldest first."""
    found = []
    for path in outputs.glob(f"*-{data}/*/{files.FACTS}"):
        with suppress(UserError, OSError):  # damaged, of another version, or gone meanwhile
            fingerprint = files.run_facts(path.parent).get("data")
            found.append((path.stat().st_mtime, path.parent, str(fingerprint)))
    return [(folder, fingerprint) for _, folder, fingerprint in sorted(found)]


def _name(folder: Path) -> str | None:
    """Of the data of a run, where that is the place where they lay."""
    try:
        config = files.run_config(folder)
    except UserError:
        return None
    return str(config["data"]["name"]) if "data" in config and named_by_place(config) else None
