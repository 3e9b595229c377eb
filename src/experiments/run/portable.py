"""What a run tells about itself without the machine that it ran on: no path, no secret.

A run folder may name its home and its neighbours, since it stays where it is. A model card and an
export are read by others: folders of this machine mean nothing there, and their names are private.
"""

from __future__ import annotations

import copy
import getpass
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from experiments.config.key import key_of, top_of
from experiments.data.source import SCHEME, hub_name, on_hub
from experiments.run.identity import WITHOUT_EFFECT
from experiments.terminal.secret import REMOVED, scrub

# A path from the root or the home folder, inside a text; `frechet/inception` and URLs are none.
PATH = re.compile(r"(?<![\w.~:/<>-])~?/(?!/)[^\s,;\]\[{}()'\"=]+")
WHOLE = re.compile(r"~?/(?!/)[^\n=]+")
RUN_ID = re.compile(r"[0-9a-f]{10}")
ANYWHERE = "DIR"  # stands for a folder that everybody has somewhere else
# Of the keys that change no result these two are told all the same: how it was scored and spread.
TOLD = ("metric", "launch")
DROPPED = frozenset(key for key in WITHOUT_EFFECT if "." not in key) - {*TOLD}
ELSEWHERE = ("paths", "tracker", "launch", "hydra")  # of a command: not what a run is


def portable(value: Any) -> Any:
    """A plain copy without secrets, in which a path of this machine is its last part; of the folder
    of a run its last two, `<model>-<data>/<id>`."""
    return _shortened(scrub(value))


def portable_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a run as others may read it: what decides the result, the metric and the
    processes. Where the data lay is left out, unless it is a data set of the hub."""
    found = copy.deepcopy({key: item for key, item in config.items() if key not in DROPPED})
    data = found.get("data") or {}
    public = hub_name(data) is not None
    for node in (data, data.get("reader")):
        if isinstance(node, dict) and "root" in node and not public:
            node["root"] = None
    return dict(portable(found))


def portable_overrides(overrides: list[str]) -> list[str]:
    """The overrides of a run that say what it is, without where it was made and followed."""
    found = []
    by_name = "data=hub" in overrides  # which takes `owner/name` for one of the Hub
    for override in overrides:
        key, equals, value = override.partition("=")
        if top_of(override) in ELSEWHERE:
            continue
        if key_of(override) == "data.root" and not _of_hub(value.strip("'\""), by_name):
            found.append(f"{key}={ANYWHERE}")
        else:
            found.append(f"{key}{equals}{portable(_bare(value))}")
    return found


def _of_hub(value: str, by_name: bool) -> bool:
    return on_hub(value) if by_name else value.startswith(SCHEME)


def _bare(value: str) -> str:
    """A path without the quotes that Hydra wants around it."""
    inside = value[1:-1]
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return inside if quoted and inside.startswith(("/", "~/", "./", "../")) else value


def _shortened(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    if not isinstance(value, str):
        return value
    if value == "~" or WHOLE.fullmatch(value):
        return _last(value)
    return PATH.sub(lambda match: _last(match[0]), value)


def _last(path: str) -> str:
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "~")]
    kept = parts[-2:] if parts and RUN_ID.fullmatch(parts[-1]) else parts[-1:]
    return "/".join(REMOVED if part == _user() else part for part in kept) or ANYWHERE


def _user() -> str | None:
    """Who runs this; None where the machine does not know. Nobody is told of root."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return None
    return None if name == "root" else name
