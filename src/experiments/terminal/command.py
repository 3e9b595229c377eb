"""Commands beside `run.py`: a mistake is a line, and so is an end that was asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NoReturn

from experiments.terminal.error import USER_ERROR, UserError, as_user_error
from experiments.terminal.interrupt import Stopped, leaving
from experiments.terminal.line import say
from experiments.terminal.stream import settle


class Parser(argparse.ArgumentParser):
    """One that gives a line for a mistake, and not its usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; {self.prog} --help says what there is")


def answering(work: Callable[[], None], done: str = "written") -> int:
    """Do the work; the exit code. User errors are lines, never tracebacks.

    `done`: what nothing was, where the work was stopped.
    """
    settle()
    with leaving():
        try:
            work()
        except Stopped as stopped:
            say(f"stopped; nothing was {done}")
            return stopped.code
        except Exception as error:
            known = as_user_error(error)
            if known is None:
                raise
            for line in str(known).splitlines():
                say(f"error: {line}")
            return USER_ERROR
    return 0
