"""What a command line comes to before training starts: all that `__main__.py` checks, and networks,
losses, scores and optimisers built without memory behind them."""

from __future__ import annotations

import contextlib
import io
import os
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from experiments import __main__ as main
from experiments import question
from experiments.config.build import build
from experiments.run.prerequisite import Run
from experiments.run.pretrained import GROUPS, without_pretrained
from experiments.system.base import System
from experiments.terminal.error import LONGEST, as_user_error

FACTS: dict[str, Any] = {
    "vocabulary_size": 91,
    "attribute_values": {"crown": 12, "pose": 3},
    "num_classes": None,
    "local_attributes": ["crown"],
}


@dataclass(frozen=True)
class Outcome:
    """`state`: passed, refused or traceback. `lines`: what a user would read."""

    state: str
    lines: list[str]


def rehearse(words: list[str]) -> Outcome:
    """Everything before training of a command line, in this process."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            _begin(main.prepare(words))
    except (Exception, SystemExit) as error:
        known = as_user_error(error) if isinstance(error, Exception) else None
        if known is None and not (isinstance(error, SystemExit) and not error.code):
            return Outcome("traceback", traceback.format_exc().splitlines())
        lines = str(known).splitlines() if known else said.getvalue().splitlines()
        if known and (not lines or not all(map(_is_a_line, lines))):
            return Outcome("traceback", ["no line that someone can read:", *lines])
        return Outcome("refused" if known else "passed", lines)
    return Outcome("passed", said.getvalue().splitlines())


def _is_a_line(line: str) -> bool:
    return bool(line.strip()) and len(line) <= LONGEST and "Traceback" not in line


def _begin(work: Any) -> None:
    """The work of a command line up to where training would start."""
    assert isinstance(work, partial) or work is question.show_help
    if not isinstance(work, partial):
        work()
    elif work.func is main._run:
        *_, run = work.args
        if run is not None:
            build_all(run)
    elif work.func is main._run_study:
        _, runs, _ = work.args
        for run in {run.id: run for run in runs if run is not None}.values():
            build_all(run)
    elif work.func in (main._report, question.ask_hydra, question.show_config):
        with _kept_arguments():
            work()


@contextlib.contextmanager
def _kept_arguments() -> Iterator[None]:
    import sys

    kept, here = list(sys.argv), Path.cwd()
    try:
        yield
    finally:
        sys.argv[:] = kept
        os.chdir(here)


def build_all(run: Run) -> None:
    """As `execute.rehearse`, of a run and what it builds on, on torch's device without memory."""
    for need in run.prerequisites.values():
        if isinstance(need, Run):
            build_all(need)
    config = without_pretrained(run.config, *GROUPS, "system")
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")  # of weights that are not copied, as there are none
        system = build(config["system"], FACTS, "system")
        build(config.get("metric"), FACTS, "metric")
        settings = build(config["optim"], None, "optim")
    assert isinstance(system, System)
    for phase in system.phases():
        assert phase.interval >= 1 and phase.repeats >= 1
        of_phase = settings[phase.shares or phase.name]
        of_phase.build([nn.Parameter(torch.zeros(2))])
        assert all(0 <= of_phase.rate(images) < 1e30 for images in (0, 1, 10**9))
