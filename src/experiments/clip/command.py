"""What commands of clips have in common: options, errors in one line, an end that was asked for."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from experiments.file.name import plain
from experiments.terminal.error import USER_ERROR, BadInput, UserError, as_user_error
from experiments.terminal.interrupt import Stopped, leaving
from experiments.terminal.line import say
from experiments.terminal.stream import settle


class Parser(argparse.ArgumentParser):
    """One that gives a line for a mistake, and not its usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; {self.prog} --help says what there is")


def answering(work: Callable[[], None]) -> int:
    """The exit code. User errors are lines, never tracebacks."""
    settle()
    with leaving():
        try:
            work()
        except Stopped as stopped:
            say("stopped; nothing was written")
            return stopped.code
        except Exception as error:
            known = as_user_error(error)
            if known is None:
                raise
            for line in str(known).splitlines():
                say(f"error: {line}")
            return USER_ERROR
    return 0


def of_file(path: Path, error: BadInput) -> UserError:
    """A file that cannot be used, with its name."""
    return UserError(f"{plain(path)}: {error}")


def seconds(text: str) -> float:
    """An option above 0."""
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def moment(text: str) -> float:
    """An option of 0 or more."""
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def require_new(folder: Path) -> None:
    """Raise `UserError` for a place where something is."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(f"--out {plain(folder)}: is there already; name a new folder")
