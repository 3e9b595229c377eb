"""How many jobs of a study run at a time on this machine, and what each of them gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.config.key import values
from experiments.machine.core import cores
from experiments.machine.device import claim, gpus
from experiments.machine.thread import SHARED, asked_of_openmp
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

BASIC, JOBLIB, LOCAL, SLURM = "basic", "joblib", "submitit_local", "submitit_slurm"
LAUNCHERS = [BASIC, JOBLIB, LOCAL, SLURM]


@dataclass(frozen=True)
class Arrangement:
    """launcher: of Hydra. at_once: jobs at a time, None where a cluster decides. threads: of each
    process, None where each job looks what is free. slots: what jobs hold while they run, GPUs or
    places on the processor; none where nothing is to be shared out."""

    launcher: str
    at_once: int | None
    threads: int | None
    slots: tuple[str, ...]

    @property
    def quiet(self) -> bool:
        """What jobs print goes to their folders, since several would print at once."""
        return self.launcher != BASIC

    def __str__(self) -> str:
        if self.at_once is None:
            return f"{self.launcher}, as many at once as the cluster allows"
        threads = "" if self.threads is None else f", threads of each: {self.threads}"
        on_gpus = self.slots and self.slots[0][:3] != "cpu"
        place = f" on {number_of(len(self.slots), 'GPU')}" if on_gpus else ""
        return f"{self.launcher}, {self.at_once} at a time{place}{threads}"

    @contextmanager
    def share(self, count: int, stop: Callable[[], bool]) -> Iterator[dict[str, str]]:
        """Hold what a job of `count` processes needs; the environment that says so to it."""
        threads = f"{self.threads} {self.at_once} jobs at a time"
        shared = {} if self.threads is None else {SHARED: threads}
        if not self.slots:
            yield shared
            return
        on_processor = self.slots[0].startswith("cpu")
        with claim(list(self.slots), 1 if on_processor else count, stop) as mine:
            yield shared | ({} if on_processor else {"CUDA_VISIBLE_DEVICES": ",".join(mine)})


def arrange(
    cfg: DictConfig, launch: Mapping[str, Any], count: int, overrides: list[str]
) -> Arrangement:
    """What a launcher will do with `count` jobs whose group `launch` is given.

    Sets the number of joblib's workers in `cfg` where the command line did not: one for each GPU,
    or core, that a job needs.
    """
    launcher = str(cfg.hydra.runtime.choices["hydra/launcher"])
    processes, threads = int(launch["num_processes"]), launch["threads"] or asked_of_openmp()
    devices = gpus() if launch["device"] != "cpu" else []
    for key in ("nodes", "tasks_per_node"):
        if int(cfg.hydra.launcher.get(key, 1)) != 1:
            raise UserError(
                f"hydra.launcher.{key}: a job of a study is one task on one node; "
                "launch.num_processes=N uses several GPUs, docs/cluster.md says how to use nodes"
            )
    if launcher == SLURM:
        return Arrangement(launcher, None, None, ())
    if launcher == BASIC:
        return Arrangement(launcher, 1, None, tuple(devices))
    room = len(devices) if devices else cores() // (threads or 1)
    at_once = max(1, min(count, room // processes))
    if launcher == JOBLIB:
        given = "hydra.launcher.n_jobs" in values(overrides)
        if given and int(cfg.hydra.launcher.n_jobs) > 0:
            at_once = int(cfg.hydra.launcher.n_jobs)
        else:
            with open_dict(cfg):
                OmegaConf.update(cfg, "hydra.launcher.n_jobs", at_once)
    if threads is None:
        threads = max(1, cores() // (at_once * processes))
    slots = devices or ([f"cpu-{place}" for place in range(at_once)] if launcher == LOCAL else [])
    return Arrangement(launcher, at_once, threads, tuple(slots))
