"""The jobs of a study, through whatever launcher of Hydra was chosen: this process one by one,
joblib, or submitit on this machine or on SLURM. What is finished is skipped, what is not resumes, a
job that fails is listed at the end, and each runs in processes of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.arrangement import BASIC, JOBLIB, LAUNCHERS, SLURM, Arrangement, arrange
from experiments.cluster import requeue_if_preempted
from experiments.composed import first_line
from experiments.config import CONF, choices, compose, plain, register
from experiments.dispatch import READERS, call
from experiments.errors import UserError, as_user_error, suggest
from experiments.folder import forget_failure, record_failure
from experiments.interrupt import Stopped
from experiments.prerequisite import plan
from experiments.spawn import run_apart
from experiments.study import Job, Study
from experiments.terminal import say

FINISHED, FAILED, STOPPED = "finished", "failed", "stopped"


@dataclass(frozen=True)
class Outcome:
    """How a job ended, the reason where it failed, and the signal that stopped it, if one did."""

    state: str
    reason: str = ""
    code: int = 0


@dataclass(frozen=True)
class JobFunction:
    """What a launcher calls for each job, in a process of the launcher's."""

    jobs: list[Job]
    places: list[int]  # of the jobs in the whole study, from 1
    study: Study
    control: Path  # a file `stop` appears there once the study is to stop
    arrangement: Arrangement

    def __call__(self, cfg: DictConfig) -> Outcome:
        number = int(HydraConfig.get().job.num)
        job, place = self.jobs[number], self.places[number]
        watch = Watch(self.control, self.arrangement)
        if watch.stopped():
            return Outcome(STOPPED, code=128 + signal.SIGTERM)
        register()
        say(f"job {place} of {len(self.study.jobs)}: {job.name or ' '.join(job.overrides)}")
        began = time.monotonic()
        try:
            perform(cfg, job, self.study, self.arrangement, watch)
        except Stopped as stopped:
            return watch.stop(stopped)
        except Exception as error:
            known = as_user_error(error)
            if known is None:  # a fault of this program, which must not take other jobs with it
                traceback.print_exc()
            say(f"job {place} failed: {known or repr(error)}")
            return Outcome(FAILED, str(known or repr(error)))
        if self.arrangement.quiet:
            say(f"job {place} is finished, {_minutes(time.monotonic() - began)}")
        return Outcome(FINISHED)


class Watch:
    """When a job has to leave: the study is to stop, or the process that started it is gone."""

    def __init__(self, control: Path, arrangement: Arrangement) -> None:
        self.file, self.launcher = control / "stop", arrangement.launcher
        self.parent = os.getppid()
        if self.launcher == JOBLIB:  # Ctrl-C reaches the whole terminal; the study tells its jobs
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def stopped(self) -> bool:
        orphan = self.launcher == JOBLIB and os.getppid() != self.parent
        return orphan or self.file.exists()

    def stop(self, stopped: Stopped) -> Outcome:
        """What a job that was stopped, and has saved, says to its launcher."""
        if self.launcher == JOBLIB and os.getppid() != self.parent:
            os._exit(1)  # nobody is there to be told
        if self.launcher == SLURM and not self.file.exists():
            # Preempted: without a result, the job goes on where the cluster starts it again.
            requeue_if_preempted(os.environ)
            raise SystemExit(stopped.code)
        if self.launcher == BASIC:
            self.file.touch()
        return Outcome(STOPPED, code=stopped.code)


def perform(
    cfg: DictConfig, job: Job, study: Study, arrangement: Arrangement, watch: Watch
) -> None:
    """Do what `task` says for one job. Raises `UserError`, and `Stopped` once all is saved."""
    hydra_config = HydraConfig.get()
    with open_dict(cfg):
        cfg.hydra = OmegaConf.create({"runtime": {"choices": hydra_config.runtime.choices}})
    config, chosen = plain(cfg), choices(cfg)
    if config["task"] in READERS:
        call(READERS[config["task"]].perform, config)
        return
    own = Job(list(hydra_config.overrides.task), job.settings)
    run_job(config, chosen, own, study, arrangement, watch.stopped)


def run_job(
    config: dict[str, Any],
    chosen: dict[str, str],
    job: Job,
    study: Study,
    arrangement: Arrangement,
    stop: Callable[[], bool],
) -> None:
    """Train or score in processes of its own, which save and leave once `stop()`. Raises as
    `perform`."""
    tracker, launch, overrides = config["tracker"], config["launch"], job.overrides
    tracker["group"] = tracker["group"] or study.title
    tracker["name"] = tracker.get("name") or job.name or None
    launch["threads"] = launch["threads"] or arrangement.threads
    config["study"], config["budget"] = study.name, study.budget
    run = plan(config, chosen, overrides) if config["task"] == "train" else None
    try:
        with arrangement.share(int(launch["num_processes"]), stop) as environment:
            run_apart(
                config,
                chosen,
                overrides,
                log=run.folder / "output.log" if run and arrangement.quiet else None,
                wait=True,
                environment=environment,
                stop=stop,
            )
    except UserError as error:
        if run:
            record_failure(run.folder, str(error))
        raise
    if run:
        forget_failure(run.folder)


def run_jobs(study: Study, pending: list[int], overrides: list[str]) -> list[Outcome | None]:
    """Run those jobs of a study that `pending` counts, from 0. None: the launcher lost it.

    overrides: those of the command line; its `hydra.*` choose and set up the launcher. Raises
    `UserError` for a launcher that there is not.
    """
    jobs, places = [study.jobs[index] for index in pending], [index + 1 for index in pending]

    def function(control: Path, arrangement: Arrangement) -> JobFunction:
        say(f"{study.title}: {len(pending)} of {len(study.jobs)} runs to go, {arrangement}")
        return JobFunction(jobs, places, study, control, arrangement)

    return launch_all([job.overrides for job in jobs], overrides, function)


def launch_all(
    jobs: list[list[str]],
    overrides: list[str],
    function_of: Callable[[Path, Arrangement], Callable[[DictConfig], Outcome]],
    workers: bool = False,
) -> list[Outcome | None]:
    """Call a function for each job, given its overrides, as `run_jobs` says it.

    function_of: makes it from the folder where a file `stop` asks jobs to leave, and the
    arrangement. workers: jobs share their work, so there are no more of them than run at a time.
    """
    launch = plain(compose(jobs[0]))["launch"]
    with _launcher_config(overrides) as (hydra, cfg):
        arrangement = arrange(cfg, launch, len(jobs), overrides)
        if workers:
            jobs = jobs[: arrangement.at_once or int(cfg.hydra.launcher.array_parallelism)]
        folder = Path(str(cfg.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        control = Path(tempfile.mkdtemp(prefix="control-", dir=folder))
        function = function_of(control.resolve(), arrangement)
        context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(cfg))
        launcher = Plugins.instance().instantiate_launcher(
            config=cfg, hydra_context=context, task_function=function
        )
        try:
            with _asked_to_stop(control / "stop", arrangement) as numbers:
                found = launcher.launch([list(job) for job in jobs], 0)
            outcomes: list[Outcome | None] = [result.return_value for result in found]
        except UserError:
            raise
        except Exception as error:  # a worker or a node is gone; the folders say what was done
            say(f"{arrangement.launcher}: {' '.join(str(error).split())[:300] or type(error)}")
            outcomes = [None] * len(jobs)
        finally:
            # Jobs that still wait in the queue of a cluster are to find that they need not start.
            if arrangement.launcher != SLURM or not (control / "stop").exists():
                shutil.rmtree(control, ignore_errors=True)
        if numbers:
            raise Stopped(numbers[0])
        return outcomes


@contextmanager
def _launcher_config(overrides: list[str]) -> Iterator[tuple[Hydra, DictConfig]]:
    """Hydra's own configuration of a multirun, with the launcher that was chosen."""
    register()
    path = create_config_search_path(str(CONF))
    hydra = Hydra.create_main_hydra2(task_name="run", config_search_path=path)
    own = [text for text in overrides if text.lstrip("+~").startswith(("hydra.", "hydra/"))]
    own += [text for text in overrides if text.startswith("paths.")]
    try:
        cfg = hydra.compose_config(
            config_name="config",
            overrides=own,
            run_mode=RunMode.MULTIRUN,
            with_log_configuration=False,
        )
    except HydraException as error:
        asked = [text.partition("=")[2] for text in own if text.startswith("hydra/launcher=")]
        if asked and "Could not find 'hydra/launcher" in str(error):
            near = suggest(asked[-1], LAUNCHERS)[2:]
            remedy = "pip install 'birdsong[launchers]'" if asked[-1] in LAUNCHERS else near
            raise UserError(f"hydra/launcher={asked[-1]}: is not there; {remedy}") from None
        raise UserError(first_line(error)) from None
    yield hydra, cfg


@contextmanager
def _asked_to_stop(file: Path, arrangement: Arrangement) -> Iterator[list[int]]:
    """Signals to this process, while others do the work: the first has all jobs save and leave."""
    numbers: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if numbers and number == signal.SIGINT:
            raise KeyboardInterrupt
        numbers.append(number)
        file.touch()
        say(f"{signal.Signals(number).name}: jobs save and leave (again: leave at once)")

    before = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield numbers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min {seconds % 60:.0f} s" if seconds >= 60 else f"{seconds:.0f} s"
