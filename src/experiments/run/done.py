"""`experiments.run([...])`: what a command line asks for, within a program, and what it returns."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.machine.core import first_look
from experiments.run.folder import run_scores
from experiments.run.prerequisite import Run
from experiments.terminal.error import UserError, as_user_error


@dataclass(frozen=True)
class Done:
    """A run that is trained. `name`: `<model>-<data>`."""

    name: str
    id: str
    folder: Path

    @property
    def scores(self) -> dict[str, float]:
        """By name; empty where it has no metric."""
        found = run_scores(self.folder)
        return dict(found["scores"]) if found else {}

    def load(self, **options: Any) -> Any:
        """Its model, as `experiments.load` gives it."""
        return importlib.import_module("experiments").load(self.folder, **options)


def called(arguments: Sequence[str]) -> Done | list[Done] | None:
    """See `experiments.run`."""
    if isinstance(arguments, str) or not all(isinstance(word, str) for word in arguments):
        raise UserError(f'run({arguments!r}): give a list of texts, as ["model=gan", "seed=1"]')
    main = importlib.import_module("experiments.__main__")  # the room above all
    try:
        first_look()
        main.join(os.environ)
        work = main.prepare(list(arguments))
        code = work()
    except Exception as error:
        known = as_user_error(error)
        if known is None or known is error:
            raise
        raise known from error
    if code:
        raise UserError(f"run({list(arguments)}): not all of it is done; the lines above say why")
    for given in getattr(work, "args", ()):
        if isinstance(given, Run):
            return _done(given)
        if isinstance(given, list) and any(isinstance(run, Run) for run in given):
            return [_done(run) for run in given if isinstance(run, Run)]
    return None


def _done(run: Run) -> Done:
    return Done(run.name, run.id, run.folder)
