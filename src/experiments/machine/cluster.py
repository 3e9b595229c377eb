"""What SLURM says of a process: which rank it is under `srun`, and when its job is to come back.

SLURM describes a job in variables of the environment (`man srun`, OUTPUT ENVIRONMENT VARIABLES).
Those of the *step* are read, which `srun` alone sets. SLURM_NTASKS and SLURM_PROCID are seen by the
script of `sbatch` as well, and SLURM_NTASKS by a shell of `salloc`, neither of which is a rank.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

from experiments.machine.launcher import is_rank, number_in
from experiments.terminal.error import UserError, reason_of

PORTS = range(12000, 32000)  # below those that Linux gives to outgoing connections
ASK_SECONDS = 60.0
GROUP = re.compile(r"([^\[,]*)(?:\[([^\]]*)\])?")


def join_cluster(environ: Mapping[str, str]) -> dict[str, str]:
    """What makes one of several tasks of `srun` a rank: the variables that torchrun would set.

    Nothing where there is one task, no SLURM, or a rank already (of torchrun or `accelerate
    launch`, which may stand behind `srun` themselves). MASTER_ADDR and MASTER_PORT stay as they are
    where they are given; else they are the first host and a port that follows from job and step.

    Raises `UserError` for a job of unlike parts, whose tasks are counted apart.
    """
    processes = number_in(environ, "SLURM_STEP_NUM_TASKS", 1)
    if processes < 2 or is_rank(environ) or "SLURM_PROCID" not in environ:
        return {}
    if number_in(environ, "SLURM_HET_SIZE", 1) > 1:
        raise UserError("srun: a heterogeneous job cannot be one run; start it with torchrun")
    try:
        return _as_torchrun(environ, processes)
    except (LookupError, ValueError) as error:
        raise UserError(
            f"SLURM_STEP_NUM_TASKS={processes}: what else srun says of its tasks is missing or "
            f"damaged ({reason_of(error)}); unset SLURM_STEP_NUM_TASKS for one process, or start "
            "it with srun"
        ) from None


def _as_torchrun(environ: Mapping[str, str], processes: int) -> dict[str, str]:
    step, node = int(environ.get("SLURM_STEP_ID", 0)), int(environ.get("SLURM_NODEID", 0))
    counts = tasks_of_nodes(environ.get("SLURM_STEP_TASKS_PER_NODE", str(processes)))
    nodes = environ.get("SLURM_STEP_NODELIST") or environ["SLURM_JOB_NODELIST"]
    port = PORTS[(int(environ["SLURM_JOB_ID"]) * 8 + step) % len(PORTS)]
    local = 0 if has_its_own(environ, "gpus", _visible_gpus(environ)) else environ["SLURM_LOCALID"]
    return {
        "RANK": str(int(environ["SLURM_PROCID"])),
        "WORLD_SIZE": str(processes),
        "LOCAL_RANK": str(local),
        "LOCAL_WORLD_SIZE": str(counts[node]),
        "MASTER_ADDR": environ.get("MASTER_ADDR") or hosts(nodes)[0],
        "MASTER_PORT": environ.get("MASTER_PORT") or str(port),
    }


def hosts(nodelist: str) -> list[str]:
    """The names of a list of SLURM: `gpu[01-02,07],login2` is gpu01, gpu02, gpu07 and login2."""
    names: list[str] = []
    ends = [""]
    for match in GROUP.finditer(nodelist):
        text, ranges = match[1], match[2]
        numbers = [""] if ranges is None else _numbers(ranges)
        ends = [f"{end}{text}{number}" for end in ends for number in numbers]
        if match.end() == len(nodelist) or nodelist[match.end()] == ",":
            names += [end for end in ends if end]
            ends = [""]
    return names


def _numbers(ranges: str) -> list[str]:
    """`01-03,07` is 01, 02, 03, 07."""
    found: list[str] = []
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        found += (
            [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
            if last
            else [first]
        )
    return found


def tasks_of_nodes(text: str) -> list[int]:
    """`2(x3),1` is 2, 2, 2, 1."""
    counts: list[int] = []
    for part in text.split(","):
        count, _, times = part.removesuffix(")").partition("(x")
        counts += [int(count)] * int(times or 1)
    return counts


def has_its_own(environ: Mapping[str, str], kind: str, visible: int) -> bool:
    """Whether a task of `srun` sees a part of what its step has on this node, which no other task
    sees, as with --gpus-per-task. kind: "gpus" or "cpus"."""
    several = number_in(environ, "SLURM_STEP_NUM_TASKS", 1) > 1
    return several and 0 < visible < number_in(environ, f"SLURM_{kind.upper()}_ON_NODE")


def _visible_gpus(environ: Mapping[str, str]) -> int:
    return len([part for part in environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if part])


def requeue_if_preempted(environ: Mapping[str, str]) -> bool:
    """Ask SLURM to start this job again, where a job of more priority takes its place.

    In a partition with a GraceTime SLURM sends SIGTERM and waits; who has saved by then and leaves
    has *ended*, and would not come back. Where the time is over, without a GraceTime, and with
    `scontrol requeue`, SLURM starts the job again itself, and after `scancel` nobody may: nothing
    is done in these cases. False as well where SLURM refuses (a job with --no-requeue).
    """
    job = environ.get("SLURM_JOB_ID")
    if job is None:
        return False
    if "SLURM_ARRAY_TASK_ID" in environ:  # the id alone may mean all jobs of the array
        job = f"{environ['SLURM_ARRAY_JOB_ID']}_{environ['SLURM_ARRAY_TASK_ID']}"
    state = _asked("scontrol", "--oneliner", "show", "job", job)
    words = dict(word.partition("=")[::2] for word in (state or "").split())
    waits = words.get("JobState") == "RUNNING"
    if not waits or words.get("PreemptTime", "None") in ("None", "Unknown"):
        return False
    return _asked("scontrol", "requeue", job) is not None


def _asked(*command: str) -> str | None:
    """What a command of SLURM says; None where it cannot be asked or refuses."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=ASK_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ended.stdout
