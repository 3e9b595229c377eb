"""Where a tracker shows a run: which trackers, and in W&B under which project, owner and name.

A key of `tracker` counts most, then W&B's own variable, then its file of settings, then ours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.terminal.line import say_once
from experiments.tracker.switch import setting

PROJECT = "birdsong"


def backends_of(options: Mapping[str, Any]) -> list[str]:
    """The trackers that the group `tracker` chooses, in their order, without `none`.

    `tracker.backend`, where it is given, counts more than `tracker=[...]`. Configurations from
    before several could be chosen have it alone.
    """
    said = options.get("backend")
    if said is None:
        said = [name for name, wanted in (options.get("services") or {}).items() if wanted]
    return named(said)


def named(backend: str | Sequence[str]) -> list[str]:
    """One or several, each once, without `none`."""
    several = [backend] if isinstance(backend, str) else list(backend)
    return [name for name in dict.fromkeys(map(str, several)) if name != "none"]


def project_of(given: str | None) -> str:
    """The project in W&B."""
    return _said("tracker.project", given, "WANDB_PROJECT") or setting("project")[0] or PROJECT


def entity_of(given: str | None) -> str | None:
    """The user or team in W&B; None: the user's own."""
    return _said("tracker.entity", given, "WANDB_ENTITY") or setting("entity")[0] or None


def name_of(given: str | None) -> str | None:
    """The name of a run that was asked for; None: it is named after what it is."""
    return _said("tracker.name", given, "WANDB_NAME")


def _said(key: str, given: str | None, variable: str) -> str | None:
    theirs = os.environ.get(variable) or None
    if given and theirs and given != theirs:
        say_once(f"{key}={given}: counts more than {variable}={theirs}")
    return given or theirs
