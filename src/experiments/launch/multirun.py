"""The jobs of a study, through whatever launcher of Hydra was chosen: this process one by one,
joblib, or submitit on this machine or on SLURM. What is finished is skipped, what is not resumes, a
job that fails is listed at the end, and each runs in processes of its own.
"""

from __future__ import annotations

import shutil
import signal
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

from experiments.config import outside
from experiments.config.compose import compose, first_line, plain, register
from experiments.config.key import top_of
from experiments.config.place import CONF
from experiments.launch.arrangement import LAUNCHERS, SLURM, Arrangement, arrange
from experiments.launch.job import JobFunction, Outcome
from experiments.launch.told import Told, telling
from experiments.study.job import Study
from experiments.terminal.error import UserError, reason_of, suggest
from experiments.terminal.interrupt import Interrupt, Stopped, tell_left
from experiments.terminal.line import number_of, say
from experiments.terminal.package import installing
from experiments.tracker.agent import without_agent
from experiments.tracker.knock import foretell


def run_jobs(study: Study, pending: list[int], overrides: list[str]) -> list[Outcome | None]:
    """Run those jobs of a study that `pending` counts, from 0. None: the launcher lost it.

    overrides: those of the command line; its `hydra.*` choose and set up the launcher. Raises
    `UserError` for a launcher that there is not.
    """
    jobs, places = [study.jobs[index] for index in pending], [index + 1 for index in pending]

    told = Told(study.title, len(pending))

    def function(control: Path, arrangement: Arrangement) -> JobFunction:
        say(
            f"{study.title}: {len(pending)} of {number_of(len(study.jobs), 'run')} to go, "
            f"{arrangement}"
        )
        return JobFunction(jobs, places, study, control, arrangement)

    # An agent of W&B names one run, and the only job is that one.
    with without_agent() if len(study.jobs) > 1 else nullcontext():
        return launch_all([job.overrides for job in jobs], overrides, function, told)


def launch_all(
    jobs: list[list[str]],
    overrides: list[str],
    function_of: Callable[[Path, Arrangement], Callable[[DictConfig], Outcome]],
    told: Told,
    workers: bool = False,
) -> list[Outcome | None]:
    """Call a function for each job, given its overrides, as `run_jobs` says it.

    function_of: makes it from the folder where a file `stop` asks jobs to leave, and the
    arrangement. told: how the study is called while it waits. workers: jobs share their work, so
    there are no more of them than run at a time.
    """
    first = plain(compose(jobs[0]))
    launch = first["launch"]
    foretell(first["tracker"])
    hydra, cfg = _launcher_config(overrides)
    arrangement = arrange(cfg, launch, len(jobs), overrides)
    if workers:
        jobs = jobs[: arrangement.at_once or int(cfg.hydra.launcher.array_parallelism)]
    folder = Path(str(cfg.hydra.sweep.dir))
    control = folder / f"control-{uuid.uuid4().hex[:8]}"
    control.mkdir(parents=True)
    function = function_of(control.resolve(), arrangement)
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(cfg))
    launcher = Plugins.instance().instantiate_launcher(
        config=cfg, hydra_context=context, task_function=function
    )

    def ask(number: int) -> None:
        (control / "stop").touch()
        say(f"{signal.Signals(number).name}: jobs save and leave (again: leave at once)")

    try:
        told = replace(told, at_once=arrangement.at_once)
        quiet = telling(control, told) if arrangement.quiet else nullcontext()
        with Interrupt(ask, _leave) as interrupt, quiet:
            found = launcher.launch([list(job) for job in jobs], 0)
        outcomes: list[Outcome | None] = [result.return_value for result in found]
    except UserError:
        raise
    except Exception as error:  # a worker or a node is gone; the folders say what was done
        say(f"{arrangement.launcher}: {reason_of(error)}")
        outcomes = [None] * len(jobs)
    finally:
        # Jobs that still wait in the queue of a cluster are to find that they need not start.
        if arrangement.launcher != SLURM or not (control / "stop").exists():
            shutil.rmtree(control, ignore_errors=True)
    if interrupt.requested:
        raise Stopped(interrupt.number)
    return outcomes


def _launcher_config(overrides: list[str]) -> tuple[Hydra, DictConfig]:
    """Hydra's own configuration of a multirun, with the launcher that was chosen."""
    register()
    path = create_config_search_path(str(CONF))
    hydra = Hydra.create_main_hydra2(task_name="run", config_search_path=path)
    own = [text for text in overrides if top_of(text) in ("hydra", "paths")]
    try:
        cfg = hydra.compose_config(
            config_name="config",
            overrides=[*own, *outside.searchpath()],
            run_mode=RunMode.MULTIRUN,
            with_log_configuration=False,
        )
    except HydraException as error:
        asked = [text.partition("=")[2] for text in own if text.startswith("hydra/launcher=")]
        if asked and "Could not find 'hydra/launcher" in str(error):
            near = suggest(asked[-1], LAUNCHERS)[2:]
            package = f"hydra-{asked[-1].partition('_')[0]}-launcher"
            remedy = f"run {installing(package)}" if asked[-1] in LAUNCHERS else near
            raise UserError(f"hydra/launcher={asked[-1]}: is not there; {remedy}") from None
        raise UserError(first_line(error)) from None
    return hydra, cfg


def _leave(number: int) -> NoReturn:
    """Without what jobs in other processes save; those on this machine see that nobody waits."""
    tell_left(number)
    raise Stopped(number)
