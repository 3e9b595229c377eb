"""Whether W&B goes online: what the user has said to it, and whether it has a key there."""

from __future__ import annotations

import contextlib
import netrc
import os
from pathlib import Path
from urllib.parse import urlsplit

from experiments.terminal.error import UserError
from experiments.terminal.line import say_once
from experiments.tracker.switch import setting, word


def wandb_mode(mode: str) -> str:
    """online, offline or disabled, decided without the network and without a question.

    What the user has said to W&B itself counts, unless `tracker.mode` says otherwise: it is of this
    very run, and a line tells where it is the one that goes online. Raises UserError when online is
    demanded by option and nobody is logged in.
    """
    said = word()
    if mode == "auto":
        if said is None:
            return "online" if logged_in() else "offline"
        if said.kept:
            say_once(f"W&B: {said.mode}, by {said.where}")
        return said.mode
    if mode == "online":
        if not logged_in():
            raise UserError("tracker.mode=online: nobody is logged in to W&B; run `wandb login`")
        if said is not None:
            say_once(f"tracker.mode=online: it goes online, although {said.where} says otherwise")
    return mode


def logged_in() -> bool:
    """Whether W&B would find a key: in the environment, or in the netrc file for its server."""
    return bool(os.environ.get("WANDB_IDENTITY_TOKEN_FILE")) or key_of() is not None


def server_of() -> str:
    """The address of W&B's server."""
    given = os.environ.get("WANDB_BASE_URL") or setting("base_url")[0] or "https://api.wandb.ai"
    return given.rstrip("/")


def key_of() -> str | None:
    """The key that W&B would find."""
    if key := os.environ.get("WANDB_API_KEY"):
        return key
    server = urlsplit(server_of()).netloc
    named = os.environ.get("NETRC")
    with contextlib.suppress(OSError, netrc.NetrcParseError, RuntimeError):
        homes = [Path.home() / ".netrc", Path.home() / "_netrc"] if not named else []
        for path in [Path(named).expanduser()] if named else homes:
            if path.exists():
                found = netrc.netrc(path).authenticators(server)
                return (found[2] or None) if found is not None else None
    return None
