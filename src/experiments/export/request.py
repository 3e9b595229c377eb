"""What task=export asks for, checked before anything heavy loads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.config.outside import OURS
from experiments.config.target import targets_in
from experiments.export.people import people_of, require_said
from experiments.run import folder as files
from experiments.run.folder import DRAWS
from experiments.run.named import run_of
from experiments.terminal.error import UserError

FOLDER = "export"  # in the run folder, where no other is named
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
LICENCE = re.compile(r"[A-Za-z0-9][\w .+-]{0,79}")


@dataclass(frozen=True)
class Request:
    """run: the folder that is read. folder: the one that is written; the same where an export is
    only pushed. hub: owner/name, or None. licence: of the weights. parts: which networks. at: the
    state of the run, None for the newest. people: what its maker says of the data, or None.
    captions: that travel with it, for a recogniser to expect."""

    run: Path
    folder: Path
    licence: str
    hub: str | None
    private: bool
    parts: str = DRAWS
    at: str | None = None
    people: str | None = None
    captions: tuple[str, ...] = ()


def export_of(config: Mapping[str, Any]) -> Request:
    """What a command exports, and where to. Raises `UserError` for what cannot be exported."""
    state, options = run_of(config), config["export"]
    run = state.folder
    hub, licence = options["hub"], str(options["licence"]).strip()
    if not LICENCE.fullmatch(licence):
        raise UserError(
            f"export.licence={licence!r}: must be the short name of a licence, as cc-by-4.0 or mit"
        )
    if hub is not None:
        _check_hub(str(hub))
    say = options["people"] or said_of(run)
    trained = files.run_config(run)
    people = people_of(trained, files.run_facts(run), say)
    require_said(people, (trained.get("data") or {}).get("name"))
    if files.is_export(run):
        if hub is None or options["folder"] is not None:
            raise UserError(
                f"run={run}: is an export already; copy it, push it with export.hub=owner/name, or "
                "name the run that it was made of"
            )
        return Request(run, run, licence, str(hub), bool(options["private"]), people=say)
    require_ours(run, trained)
    own = f"{FOLDER}@{state.at}" if state.at else FOLDER
    folder = Path(options["folder"] or run / own)
    require_free(folder, run)
    hub, private = None if hub is None else str(hub), bool(options["private"])
    return Request(run, folder, licence, hub, private, str(options["parts"]), state.at, say)


def require_ours(run: Path, config: Mapping[str, Any]) -> None:
    """Raise `UserError` where networks of a run are classes of somebody's own package: who reads an
    export runs no code but Birdsong's."""
    for target in map(str, targets_in(config.get("system"))):
        if not target.startswith(OURS):
            raise UserError(
                f"run={run}: has the network {target}, and an export holds Birdsong's classes "
                "alone, so that whoever reads it runs no other code; hand on the run folder and "
                "your package"
            )


def said_of(run: Path) -> str | None:
    """What was said of people in the data of a run when it was trained, or when it was exported."""
    if files.is_export(run):
        return files.export_about(run).get("people")
    return (files.run_config(run).get("export") or {}).get("people")


def require_free(folder: Path, run: Path) -> None:
    """Raise `UserError` where something else than an older export of the same run is there."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if not (folder.exists() or folder.is_symlink()):
        return
    if not folder.is_dir() or folder.is_symlink() or not files.is_export(folder):
        raise UserError(f"export.folder={folder}: is there and is no export; name a new folder")
    theirs, ours = files.export_about(folder).get("id"), files.run_about(run).get("id")
    if theirs != ours:
        raise UserError(
            f"export.folder={folder}: is the export of another run ({theirs}); name a new folder"
        )


def _check_hub(name: str) -> None:
    if not REPOSITORY.fullmatch(name):
        raise UserError(f"export.hub={name}: must be owner/name, as on huggingface.co")
    from experiments.export.hub import require_login

    require_login(name)
