"""What task=app asks for: checked before torch, Gradio or anything else that is slow loads."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.app.bound import Bounds
from experiments.app.recogniser.listener import check_recogniser
from experiments.run import folder as files
from experiments.run.state import Named, files_of, named, outputs_of
from experiments.terminal.error import UserError

PREFERENCES = "preferences.jsonl"
PASSWORD = "BIRDSONG_PASSWORD"
LARGEST = 1_000_000  # of what is told in seconds, megabytes or megapixels
SHORTEST = 8  # letters of a password


@dataclass(frozen=True)
class AppRequest:
    """`runs`: the states that are served, in the order of the command. `options`: the group `app`;
    `sample`, `launch`: those of the same names. `preferences`: the file that choices go to."""

    runs: tuple[Named, ...]
    options: Mapping[str, Any]
    sample: Mapping[str, Any]
    launch: Mapping[str, Any]
    preferences: Path
    bounds: Bounds
    cache: Path


def app_of(config: Mapping[str, Any], everybody: bool = False) -> AppRequest:
    """What a command serves. Raises `UserError` for a run that cannot be, and for what is not
    safe. `everybody`: the machine itself decides who may come, as a Hugging Face Space."""
    options = config["app"]
    _check(options)
    _require_safe(options, everybody)
    check_recogniser(options["recogniser"])
    given = config["run"]
    texts = [str(item) for item in (given if isinstance(given, list) else [given or ""])]
    if not any(texts):
        raise UserError(
            "run: task=app needs run=outputs/<model>-<data>/<id>, or the id alone; run=A,B compares"
        )
    found = [_run(text, outputs_of(config)) for text in texts if text]
    runs = tuple({(run.folder.resolve(), run.at): run for run in found}.values())
    place = options["preferences"] or Path(config["paths"]["outputs"]) / PREFERENCES
    return AppRequest(
        runs,
        options,
        config["sample"],
        config["launch"],
        Path(place),
        Bounds.of(options),
        Path(config["paths"]["cache"]),
    )


def _run(text: str, outputs: str) -> Named:
    found = named(text, outputs)
    files.run_about(found.folder)
    if not files.has_weights(found.folder):
        raise UserError(f"run={found.folder}: has no weights yet; train it first")
    if found.at is not None:
        files_of(found)
    return found


def is_loopback(host: str) -> bool:
    """Whether a server there is heard on this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check(options: Mapping[str, Any]) -> None:
    for key in ("patience", "megabytes", "seconds", "megapixels"):
        if not 0 < options[key] <= LARGEST:
            raise UserError(
                f"app.{key}={options[key]}: must be more than 0, and at most {LARGEST:,}"
            )
    if options["port"] > 65_535:
        raise UserError(f"app.port={options['port']}: must be at most 65535, or 0 for a free one")
    password = options["password"]
    if password is not None and len(password) < SHORTEST:
        raise UserError(f"{PASSWORD}: must have {SHORTEST} letters or more")


def _require_safe(options: Mapping[str, Any], everybody: bool) -> None:
    """Raise `UserError` where others can reach the page, and no password keeps them out."""
    if not (is_loopback(options["host"]) or options["password"] is not None or everybody):
        raise UserError(
            f"app.host={options['host']}: others can reach this; set a password in the environment "
            f"({PASSWORD}=...), or leave app.host away for this machine alone"
        )
