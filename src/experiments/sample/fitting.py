"""Whose fault it is where networks cannot be made of the files of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.config.build import REFUSED
from experiments.terminal.error import UserError, as_user_error, one_line


@contextmanager
def fitting(place: Path | None) -> Iterator[None]:
    """What goes wrong with networks in here is told of the files in `place` that they are made of,
    by a `UserError`; those of no folder are this project's own fault."""
    try:
        yield
    except UserError as error:
        if place is None or str(place) in str(error):
            raise
        raise UserError(f"run={place}: {error}") from error
    except REFUSED as error:
        known = as_user_error(error)
        if known is not None:  # a compiler or a disk is no fault of the files
            raise known from error
        if place is None:
            raise
        raise UserError(
            f"run={place}: its config.yaml, facts.json and weights make no model that draws "
            f"({one_line(error)}); fetch it again"
        ) from error
