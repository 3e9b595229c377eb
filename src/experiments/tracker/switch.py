"""W&B's own switches: what a user has said to W&B itself, in the environment or by its commands.

`wandb disabled` and `wandb offline` write `wandb/settings` below the working folder; an
administrator may have written the file of the whole account. A variable counts more than these,
the folder more than the account (W&B's own order).
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import NamedTuple

MODES = {"offline": "offline", "dryrun": "offline", "disabled": "disabled"}


class Word(NamedTuple):
    """offline or disabled, and who says it. kept: in a file, where it may be forgotten."""

    mode: str
    where: str
    kept: bool = False


def word() -> Word | None:
    """What keeps runs from the server, None where nothing does."""
    if chosen := os.environ.get("WANDB_MODE"):
        return Word(MODES[chosen], f"WANDB_MODE={chosen}") if chosen in MODES else None
    if os.environ.get("WANDB_DISABLED", "").lower() in ("true", "1", "yes", "on"):
        return Word("disabled", f"WANDB_DISABLED={os.environ['WANDB_DISABLED']}")
    mode, path = setting("mode")
    return Word(MODES[mode], f"mode = {mode} in {path}", True) if mode in MODES else None


def setting(name: str) -> tuple[str, Path | None]:
    """What W&B's files say of something, and which of them; "" where none does."""
    for path in _files():
        found = configparser.ConfigParser(interpolation=None)
        try:
            found.read_string(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, configparser.Error):
            continue  # W&B says what is wrong with it, and goes on without it
        if text := found.get("default", name, fallback=""):
            return text.strip(), path
    return "", None


def _files() -> list[Path]:
    root = Path(os.environ.get("WANDB_DIR") or ".").expanduser()
    folder = root / (".wandb" if (root / ".wandb").exists() else "wandb")
    try:
        account = Path(os.environ.get("WANDB_CONFIG_DIR") or "~/.config/wandb").expanduser()
    except RuntimeError:  # nobody has a home
        return [folder / "settings"]
    return [folder / "settings", account / "settings"]
