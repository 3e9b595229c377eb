"""Whether W&B's server answers and takes the key: asked once, before a run is opened there.

W&B itself goes on trying for its `init_timeout`, whatever is wrong, for every run of a command.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.terminal.error import UserError
from experiments.terminal.line import say
from experiments.tracker.guard import bounded
from experiments.tracker.login import key_of, server_of, wandb_mode
from experiments.tracker.place import backends_of
from experiments.tracker.switch import setting

PATIENCE = 8.0  # s
# In the environment, so that the processes of a study know what the first has found.
FOUND, HOLDS = "BIRDSONG_WANDB", 3600.0  # s
QUESTION = {"query": "query Viewer { viewer { id } }"}
REFUSED = 401


class Answer(NamedTuple):
    """What is wrong with the server, in words, or nothing. refused: it answers and does not take
    the key."""

    trouble: str = ""
    refused: bool = False


def ask(server: str, key: str | None) -> Answer:
    """Ask the server, and say in a line what is wrong; a second time, also in a process that this
    one started, only remember it."""
    known = _remembered(server, key)
    if known is not None:
        return known
    found = [Answer(f"no answer in {PATIENCE:g} s")]
    bounded(lambda: found.append(_ask(server, key)), PATIENCE)
    answer = found[-1]
    about = {"server": server, "key": hash_of(key), "at": time.time(), **answer._asdict()}
    os.environ[FOUND] = json.dumps(about)
    if answer.refused:
        say(
            f"W&B: {server} does not take the key (401, wrong key): run `wandb login --relogin`, "
            "or mend WANDB_API_KEY where it is set; it logs offline"
        )
    elif answer.trouble:
        say(f"W&B: {server} cannot be reached ({answer.trouble}), so it logs offline")
    return answer


def opened_mode(mode: str) -> str:
    """`wandb_mode`, and offline where the server does not answer or does not take the key. Raises
    UserError where online is demanded by option and the key is a wrong one."""
    decided = wandb_mode(mode)
    if decided != "online":
        return decided
    answer = ask(server_of(), key_of())
    if answer.refused and mode == "online":
        raise UserError(
            f"tracker.mode=online: {server_of()} does not take the key (401, wrong key); run "
            "`wandb login --relogin`, or mend WANDB_API_KEY where it is set"
        )
    return "offline" if answer.trouble else decided


def foretell(options: Mapping[str, Any]) -> None:
    """Ask before the jobs of a study are started, so that they need not. `options`: the group
    `tracker`."""
    if "wandb" in backends_of(options) and wandb_mode(options["mode"]) == "online":
        ask(server_of(), key_of())


def hash_of(key: str | None) -> str:
    """What tells keys apart, and nothing of them."""
    return "" if key is None else hashlib.sha256(key.encode()).hexdigest()[:8]


def _remembered(server: str, key: str | None) -> Answer | None:
    try:
        about = json.loads(os.environ.get(FOUND, ""))
        same = (about["server"], about["key"]) == (server, hash_of(key))
        recent = 0 <= time.time() - float(about["at"]) < HOLDS
        answer = Answer(str(about["trouble"]), about["refused"] is True)
    except (ValueError, LookupError, TypeError):
        return None
    return answer if same and recent else None


def _ask(server: str, key: str | None) -> Answer:
    import requests

    proxies = {kind: where for kind in ("http", "https") if (where := setting(f"{kind}_proxy")[0])}
    try:
        reply = requests.post(
            f"{server}/graphql",
            json=QUESTION,
            auth=None if key is None else ("api", key),
            timeout=PATIENCE,
            proxies=proxies or None,
        )
    except requests.exceptions.SSLError:
        return Answer()  # W&B has settings of its own for certificates, and says what is wrong
    except requests.exceptions.Timeout:
        return Answer(f"no answer in {PATIENCE:g} s")
    except requests.exceptions.RequestException as error:
        found = re.search(r"\[Errno -?\d+\] ([^'\")\]]+)", str(error))
        return Answer(found[1].strip() if found else "no connection")
    if reply.status_code == REFUSED and key is not None:
        return Answer("401: wrong key", refused=True)
    return Answer(f"it answers {reply.status_code}" if reply.status_code >= 500 else "")
