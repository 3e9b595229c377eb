"""Keys and passwords, told by their name, by what they look like, and by the environment they lie
in; and the home folder, which has the name of its owner.

What a run writes and says passes here. A command that holds a key is refused before anything else
reads it: the shell has remembered it by then, and the configuration of the run would.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.terminal.error import UserError

REMOVED = "<removed>"
NAME = re.compile(
    r"(^|_)((api|access|account|auth|encryption|private|secret|signing)_?key"
    r"|password|passwd|passphrase|secret|credentials?|token|pat)$",
    re.I,
)
# By their makers' prefixes, with what may stand before and after: Hugging Face, W&B, OpenAI and
# Anthropic, GitHub, GitLab, Slack, Amazon, and the tokens of JSON Web Token (RFC 7519).
KNOWN = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{16,}|wandb_v\d_\w{16,}|sk-[\w-]{16,}|gh[opsru]_\w{16,}"
    r"|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})"
)
IN_URL = re.compile(r"(?<=://)[^\s/@:'\"]*:[^\s/@'\"]+(?=@)")  # user:password
# Older keys of W&B. A commit of git looks the same, so this is for command lines alone, where a
# folder may be named so.
PLAIN = re.compile(r"(?<![\w/.-])(?:local-)?[0-9a-f]{40}(?![\w/.-])")
SHORTEST = 8  # characters of a secret in the environment; shorter ones are words


def in_environment() -> list[str]:
    """The secrets that the environment holds, the longest first."""
    found = {
        text for name, text in os.environ.items() if NAME.search(name) and len(text) >= SHORTEST
    }
    for text in os.environ.values():
        found |= {match[0].partition(":")[2] for match in IN_URL.finditer(text)}
    return sorted(found, key=len, reverse=True)


def without_secrets(text: str, known: list[str] | None = None) -> str:
    """The text with `<removed>` for each secret. `known`: those of the environment, if at hand."""
    for secret in in_environment() if known is None else known:
        text = text.replace(secret, REMOVED)
    if "://" in text:
        text = IN_URL.sub(REMOVED, text)
    return KNOWN.sub(REMOVED, text)


def without_home(text: str) -> str:
    """The text with `~` for the home folder, at any place in it."""
    try:
        home = str(Path.home())
    except RuntimeError:
        return text
    return re.sub(re.escape(home) + r"(?![\w.-])", "~", text) if len(home) > 1 else text


def require_none(overrides: list[str]) -> None:
    """Raise `UserError`, which does not repeat it, for a command line that holds a secret."""
    known, problems = in_environment(), []
    for override in overrides:
        key, _, value = override.partition("=")
        name = re.split(r"[./@]", key.lstrip("+~"))[-1]
        named = bool(NAME.search(name)) and value.strip("'\"") not in ("", "null")
        if named or PLAIN.search(value) or without_secrets(override, known) != override:
            problems.append(
                f"{without_secrets(PLAIN.sub(REMOVED, key), known)}: holds what looks like a key "
                "or a password; a run would record it. Keys belong into the environment, "
                "`wandb login` or `hf auth login`"
            )
    if problems:
        raise UserError("\n".join(problems))


def scrub(value: Any) -> Any:
    """Plain copy without secrets: named or looking like one, or equal to one in the environment.

    A home folder at any place in a text becomes `~`; whoever reads a path back expands it.
    """
    return _scrub(value, in_environment())


def _scrub(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            str(name): REMOVED
            if isinstance(item, str) and item and NAME.search(str(name))
            else _scrub(item, secrets)
            for name, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_scrub(item, secrets) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return without_home(without_secrets(str(value), secrets))
