"""What `task` can be, and who does it: one row a task, checked at once, imported when asked for.

`task=report` compares jobs instead of doing one, so it has no row: `__main__.py` calls it.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.launch.ready import require_packages, require_weights
from experiments.metric.meaning import require_choosable
from experiments.run.named import evaluation_config, run_of
from experiments.run.prerequisite import Run, plan, tell_found
from experiments.run.reader import check_data, hears_sounds, listens
from experiments.terminal.line import say

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """One job of a command line: the resolved configuration, the option chosen of each group, and
    the words that said so."""

    config: dict[str, Any]
    chosen: dict[str, str]
    overrides: list[str]

    @classmethod
    def of(cls, overrides: list[str]) -> Asked:
        """Raises `UserError` for every mistake of the overrides."""
        cfg = checked_compose(overrides)
        return cls(plain(cfg), choices(cfg), overrides)

    @property
    def task(self) -> str:
        return str(self.config["task"])

    @property
    def run(self) -> Run:
        """The run to be. Raises `UserError` where one that it builds on cannot be."""
        run = plan(self.config, self.chosen, self.overrides)
        log.debug("run %s in %s, chosen %s", run.id, run.folder, self.chosen)
        return run


@dataclass(frozen=True)
class Task:
    """`check` raises `UserError`, at once and without torch, for what cannot be done, and returns
    the run that is to be trained, if one is; readers of data in `seen` are checked already.
    `perform` does it. `apart`: a job of a study does it in processes of its own."""

    check: Callable[[Asked, list[Any]], Run | None]
    perform: Callable[[Asked, Run | None], None]
    apart: bool = False


def named(name: str) -> Callable[..., Any]:
    """What "module:function" names, imported at its first call."""

    def call(*arguments: Any) -> Any:
        module, _, function = name.partition(":")
        return getattr(importlib.import_module(module), function)(*arguments)

    return call


def reads(check: str, perform: str) -> Task:
    """A task that reads runs: functions of a configuration, each as "module:function"."""

    def checked(asked: Asked, seen: list[Any]) -> None:
        named(check)(asked.config)

    def performed(asked: Asked, run: Run | None) -> None:
        named(perform)(asked.config)

    return Task(checked, performed)


def _check_training(asked: Asked, seen: list[Any]) -> Run:
    _check_best(asked)
    data = asked.config["data"]
    speech = data.get("speech") if listens(asked.config) else None
    looked = data["reader"], speech, hears_sounds(asked.config)
    if looked not in seen:
        check_data(asked.config)
        seen.append(looked)
    run = asked.run
    require_packages(run)  # before weights are fetched that nothing here can read
    require_weights(run)
    return run


def _check_best(asked: Asked) -> None:
    """Before hours go into what a run builds on."""
    score = asked.config["trainer"]["keep_best"]
    if score is not None:
        require_choosable(str(score), "trainer.keep_best")


def _check_evaluation(asked: Asked, seen: list[Any]) -> None:
    evaluation_config(run_of(asked.config).folder, asked.overrides)


def _check_plan(asked: Asked, seen: list[Any]) -> None:
    named("experiments.plan.request:check")(asked.config)
    _check_best(asked)
    _ = asked.run  # what it builds on can be planned


def _show_plan(asked: Asked, run: Run | None) -> None:
    show = named("experiments.plan.command:show_plan")
    show(asked.config, asked.chosen, asked.overrides)


def _check_export(asked: Asked, seen: list[Any]) -> None:
    space = asked.config["export"]["app"]
    named(SPACE_OF if space else EXPORT_OF)(asked.config)


def _write_export(asked: Asked, run: Run | None) -> None:
    space = asked.config["export"]["app"]
    named(WRITE_SPACE if space else WRITE_EXPORT)(asked.config)


def _by_ranks(asked: Asked, run: Run | None) -> None:
    """Train or score, in this process or in several; `run` is what is to be trained, if one is."""
    if run is not None and run.finished and not asked.config.get("fresh"):
        say(f"{run.folder} is finished; raise trainer.images to train on")
        tell_found(run, "its finished result is kept")
        named("experiments.trainer.finished:show_scores")(run)
    elif asked.config["launch"]["num_processes"] > 1 and "RANK" not in os.environ:
        from experiments.launch.spawn import run_apart

        run_apart(asked.config, asked.chosen, asked.overrides)
    else:
        perform = named("experiments.trainer.perform:perform")
        perform(asked.config, asked.chosen, asked.overrides, False, run)


EXPORT_OF, WRITE_EXPORT = "experiments.export.request:export_of", "experiments.export.folder:write"
SPACE_OF, WRITE_SPACE = "experiments.app.space.write:space_of", "experiments.app.space.write:write"

ROWS = {
    "train": Task(_check_training, _by_ranks, apart=True),
    "evaluate": Task(_check_evaluation, _by_ranks, apart=True),
    "plan": Task(_check_plan, _show_plan),
    "sample": reads(
        "experiments.sample.request:drawing_of", "experiments.sample.command:draw_to_folder"
    ),
    "human_study": reads("experiments.human.request:study_of", "experiments.human.study:write"),
    "human_rank": reads("experiments.human.request:answers_of", "experiments.human.rank:write"),
    "export": Task(_check_export, _write_export),
    "app": reads("experiments.app.request:app_of", "experiments.app.serve:serve"),
    "clean": reads("experiments.clean.find:places", "experiments.clean.command:clean"),
}
