"""`hydra.verbose=true`: what is logged in detail, here and in processes that this one starts."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from experiments.terminal.error import UserError, printable
from experiments.terminal.secret import without_secrets
from experiments.terminal.stream import write

KEY = "hydra.verbose"
VERBOSE = "BIRDSONG_VERBOSE"  # in the environment: names of loggers with commas, "root" of all
ALL = "root"
FORM = "[%(asctime)s][%(name)s][%(levelname)s] - %(message)s"  # Hydra's own
LOUD = ("PIL", "matplotlib", "numba")  # they tell every byte that they read; by name alone


class _ToStderr(logging.Handler):
    """Lines on what standard error is by then; writing them raises nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            write("stderr", without_secrets(printable(self.format(record))) + "\n")
        except Exception:  # an argument that cannot be told is no reason to stop
            self.handleError(record)


def ask_for(value: object, said: str) -> None:
    """As Hydra reads it: true is everything, a name or a list is these loggers. `said`: how.

    Raises `UserError` for what is none of these.
    """
    names = [value] if isinstance(value, str) else value
    if value is True:
        names = [ALL]
    if names is False or names is None:
        return
    if not isinstance(names, Sequence) or not all(isinstance(name, str) and name for name in names):
        raise UserError(f"{said}: must be true, or name loggers, as {KEY}=[experiments,accelerate]")
    os.environ[VERBOSE] = ",".join(names)
    begin()


def begin() -> None:
    """Log in detail where this process, or the one that started it, was asked to."""
    names = [name for name in os.environ.get(VERBOSE, "").split(",") if name]
    if not names:
        return
    root = logging.getLogger()
    if not any(isinstance(handler, _ToStderr) for handler in root.handlers):
        handler = _ToStderr()
        handler.setFormatter(logging.Formatter(FORM))
        root.addHandler(handler)
    for name in names:
        logging.getLogger(None if name == ALL else name).setLevel(logging.DEBUG)
    for name in LOUD:
        if name not in names:
            logging.getLogger(name).setLevel(logging.INFO)
