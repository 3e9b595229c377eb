"""The folder of a run, its id, lock, checkpoints, weights, and what it builds on.

Called, this package does what a command line asks for, within a program:

    from experiments import run
    done = run(["model=gan", "data=plumage", "seed=1"])     # as python run.py model=gan ...
    done.folder, done.scores, done.load().sample(["a red bird"])
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    """This package, which can be called: `experiments.run` is its name as well as the call's."""

    def __call__(self, arguments: Sequence[str]) -> Any:
        """One `Done` of a run, a list of them of a study or of several values, None of a task that
        trains nothing. A run that was finished is not trained again.

        Raises `experiments.UserError`, of one line or several, and never ends the program; Ctrl-C
        saves and raises `KeyboardInterrupt`.
        """
        done = importlib.import_module("experiments.run.done")
        return done.called(arguments)


sys.modules[__name__].__class__ = _Room
