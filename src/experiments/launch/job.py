"""One job of a study, as a launcher calls it: watched, in processes of its own, and what goes wrong
in it is what it returns.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.config.compose import choices, plain, register
from experiments.launch.arrangement import JOBLIB, SLURM, Arrangement
from experiments.launch.spawn import run_apart
from experiments.launch.task import ROWS, Asked
from experiments.launch.told import noted
from experiments.machine.cluster import requeue_if_preempted
from experiments.machine.device import alive
from experiments.run.folder import forget_failure, record_failure
from experiments.run.fresh import COMMAND, token
from experiments.study.job import Job, Study
from experiments.terminal.error import UserError, as_user_error
from experiments.terminal.interrupt import Stopped
from experiments.terminal.line import duration, say
from experiments.terminal.secret import scrub
from experiments.terminal.stream import settle
from experiments.terminal.verbose import begin

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
    owner: int = field(default_factory=os.getpid)  # the process of the study

    def __call__(self, cfg: DictConfig) -> Outcome:
        settle()
        begin()
        number = int(HydraConfig.get().job.num)
        job, place = self.jobs[number], self.places[number]
        watch = Watch(self.control, self.arrangement, self.owner)
        if watch.stopped():
            return Outcome(STOPPED, code=128 + signal.SIGTERM)
        register()
        say(f"job {place} of {len(self.study.jobs)}: {job.name or ' '.join(job.overrides)}")
        began = time.monotonic()
        try:
            name = f"job {place} ({job.name})" if job.name else f"job {place}"
            perform(cfg, job, self.study, self.arrangement, watch, name)
        except Stopped as stopped:
            return watch.stop(stopped)
        except Exception as error:
            known = as_user_error(error)
            if known is None:  # a fault of this program, which must not take other jobs with it
                traceback.print_exc()
            say(f"job {place} failed: {known or repr(error)}")
            return Outcome(FAILED, str(known or repr(error)))
        if self.arrangement.quiet:
            say(f"job {place} is finished, {duration(time.monotonic() - began)}")
        return Outcome(FINISHED)


class Watch:
    """When a job has to leave: the study is to stop, or its process is gone.

    `owner`: that process, which jobs on the same machine look for; on a cluster they outlive it.
    """

    def __init__(self, control: Path, arrangement: Arrangement, owner: int) -> None:
        self.file, self.launcher, self.owner = control / "stop", arrangement.launcher, owner
        self.inside = owner == os.getpid()  # also with joblib, where one job runs at a time
        if self.launcher == JOBLIB and not self.inside:
            # Ctrl-C reaches the whole terminal; the study tells its jobs.
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def orphaned(self) -> bool:
        """Whether the study's process is gone."""
        return not (self.inside or self.launcher == SLURM or alive(self.owner))

    def stopped(self) -> bool:
        return self.file.exists() or self.orphaned()

    def stop(self, stopped: Stopped) -> Outcome:
        """What a job that was stopped, and has saved, says to its launcher."""
        if self.orphaned():
            os._exit(1)  # nobody is there to be told
        if self.launcher == SLURM and not self.file.exists():
            # Preempted: without a result, the job goes on where the cluster starts it again.
            requeue_if_preempted(os.environ)
            raise SystemExit(stopped.code)
        if self.inside:
            self.file.touch()
        return Outcome(STOPPED, code=stopped.code)


def perform(
    cfg: DictConfig, job: Job, study: Study, arrangement: Arrangement, watch: Watch, name: str
) -> None:
    """Do what `task` says for one job, which people know by `name`. Raises `UserError`, and
    `Stopped` once all is saved."""
    hydra_config = HydraConfig.get()
    with open_dict(cfg):
        cfg.hydra = OmegaConf.create({"runtime": {"choices": hydra_config.runtime.choices}})
    asked = Asked(plain(cfg), choices(cfg), list(hydra_config.overrides.task))
    if ROWS[asked.task].apart:
        run_job(asked, job, study, arrangement, watch.stopped, watch.file.parent, name)
    else:
        ROWS[asked.task].perform(asked, None)


def run_job(
    asked: Asked,
    job: Job,
    study: Study,
    arrangement: Arrangement,
    stop: Callable[[], bool],
    control: Path,
    name: str,
) -> None:
    """Train or score in processes of its own, which save and leave once `stop()`. control, name:
    where the study looks for what is done, and how it tells of this job. Raises as `perform`."""
    config = asked.config
    tracker, launch = config["tracker"], config["launch"]
    tracker["group"] = tracker["group"] or study.title
    tracker["name"] = tracker.get("name") or job.name or None
    config["study"], config["budget"] = study.name, study.budget
    run = asked.run if asked.task == "train" else None
    log = run.folder / "output.log" if run and arrangement.quiet else None
    try:
        with (
            arrangement.share(int(launch["num_processes"]), stop) as environment,
            noted(control, name, log),
        ):
            run_apart(
                config,
                asked.chosen,
                asked.overrides,
                log=log,
                wait=True,
                environment={**environment, COMMAND: token([job.overrides for job in study.jobs])},
                stop=stop,
            )
    except UserError as error:
        if run:
            record_failure(run.folder, scrub(str(error)))
        raise
    if run:
        forget_failure(run.folder)
