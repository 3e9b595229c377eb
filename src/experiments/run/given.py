"""A mistake is told of the key that the user wrote, also where a class was handed its value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from experiments.config import origin
from experiments.config.override import checked_compose
from experiments.run.prerequisite import Run
from experiments.terminal.error import UserError


@contextmanager
def as_given(run: Run) -> Iterator[None]:
    """What a class of the run refuses, as a line of `config.build`, is told of the key that its
    value comes from: `data.preset.lr=-1`, which becomes `lr` of two optimisers."""
    try:
        yield
    except UserError as error:
        told = _told(str(error), run)
        if told == str(error):
            raise
        raise UserError(told) from error


def _told(line: str, run: Run) -> str:
    if not origin.REFUSED.match(line):
        return line
    try:
        return origin.as_given(line, checked_compose(run.overrides), run.config)
    except UserError:  # an older version began it
        return line
