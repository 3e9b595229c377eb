"""What a person at the page is told where something is not done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from experiments.terminal.error import BadInput, UserError


class Refused(UserError):
    """One line for the person at the page; what was asked for is not done."""


@contextmanager
def refusing(what: str = "") -> Iterator[None]:
    """What is wrong with what a person gave is told of `what`, as `Refused`."""
    try:
        yield
    except Refused:
        raise
    except (UserError, BadInput) as error:
        raise Refused(f"{what}: {error}" if what else str(error)) from error
