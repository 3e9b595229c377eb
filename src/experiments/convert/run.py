"""A run folder made of released weights: what a finished run has, but for its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from experiments.config.build import build
from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.convert.state import ReleasedState
from experiments.file.whole import aside, write_json
from experiments.run import checkpoint
from experiments.run import folder as files
from experiments.run.identity import run_id
from experiments.run.provenance import write_provenance
from experiments.terminal.error import UserError
from experiments.terminal.secret import scrub

UNKNOWN = 0  # images that the weights have seen: no release says it


@dataclass(frozen=True)
class Conversion:
    """What a run folder needs: a resolved configuration with its choices and overrides, what data
    decided, the states of the networks by their group, the files that they come from, and a line
    that says what it is."""

    config: dict[str, Any]
    choices: dict[str, str]
    overrides: list[str]
    facts: dict[str, Any]
    export: dict[str, dict[str, Tensor]]
    sources: dict[str, ReleasedState]
    about: str


def compose_run(overrides: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The resolved configuration of some overrides, and which options it is made of."""
    cfg = checked_compose(overrides)
    return plain(cfg), choices(cfg)


def empty(node: Mapping[str, Any], facts: Mapping[str, Any]) -> nn.Module:
    """What a node names, without memory: its shapes are all that is asked of it."""
    with torch.device("meta"):
        made: nn.Module = build(node, facts)
    return made


def require_free(place: Path) -> None:
    """Raise `UserError` where there is something already."""
    if (place / files.RUN).is_file():
        raise UserError(f"--out={place}: is a run already; name a new folder")
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise UserError(f"--out={place}: exists; name a new folder")


def write_run(conversion: Conversion, place: Path) -> None:
    """Write the folder aside and rename it: it is there whole, or not at all.

    Raises `UserError` where it cannot be written, or something is there.
    """
    require_free(place)
    digests = {name: state.sha256 for name, state in conversion.sources.items()}
    about = {
        "id": run_id(conversion.config, digests),
        "choices": conversion.choices,
        "overrides": conversion.overrides,
        "built_on": {},
        "converted": {
            name: {"file": state.path.name, "sha256": digests[name]}
            for name, state in conversion.sources.items()
        },
    }
    try:
        with aside(place) as partial:
            partial.mkdir()
            checkpoint.save_weights(partial, UNKNOWN, conversion.export)
            write_json(partial / files.FACTS, conversion.facts)
            write_provenance(partial, conversion.config)
            write_json(partial / files.RUN, scrub(about))
    except OSError as error:
        raise UserError(f"--out={place}: cannot be written ({error.strerror})") from None
