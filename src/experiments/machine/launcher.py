"""What launchers say in the environment: torchrun, `accelerate launch`, `srun` and others tell each
process which of how many it is, and where all of them meet.

Others leave half of it behind, or a shell has kept it. A process is one of several where all of it
is there, one alone where nothing says otherwise, and else it asks what is meant: to wait for
processes that nobody has started would be for ever, and to train alone what was to be several would
be another run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from experiments.terminal.error import UserError

NEEDED = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
# What each says of a process that is alone.
ALONE = {"RANK": (0,), "LOCAL_RANK": (0, -1), "WORLD_SIZE": (1,), "LOCAL_WORLD_SIZE": (1,)}
# Of mpirun and others, which Accelerate would follow.
FOREIGN = (
    *("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"),
    *("HOROVOD_SIZE", "JSM_NAMESPACE_SIZE", "FLUX_JOB_SIZE"),
)


def number_in(environ: Mapping[str, str], name: str, default: int = 0) -> int:
    """A whole number of the environment. Raises `UserError` for something else."""
    text = environ.get(name, "").strip()
    try:
        return int(text) if text else default
    except ValueError:
        raise UserError(
            f"{name}={text}: another launcher left it in the environment, and it is no whole "
            f"number; {_unset([name])}"
        ) from None


def is_rank(environ: Mapping[str, str]) -> bool:
    """Whether all is there that makes a process one of a group."""
    return all(_has(environ, name) for name in NEEDED)


def stale(environ: Mapping[str, str]) -> tuple[list[str], str | None]:
    """The variables to do without, since this process is alone, and a line that says so where it is
    worth one. Nothing for a rank.

    Raises `UserError` for half of what a launcher of several processes says, and for nonsense.
    """
    said = {name: number_in(environ, name) for name in ALONE if _has(environ, name)}
    if is_rank(environ):
        number_in(environ, "MASTER_PORT")
        rank, count, local = said["RANK"], said["WORLD_SIZE"], said["LOCAL_RANK"]
        if not 0 <= rank < count or local < 0:
            raise UserError(
                f"RANK={rank}, WORLD_SIZE={count}, LOCAL_RANK={local}: no process has such "
                f"numbers; {_unset(ALONE)}, or start it with torchrun"
            )
        return [], None
    for name in FOREIGN:
        if (count := number_in(environ, name, 1)) > 1:
            raise UserError(
                f"{name}={count}: mpirun, or what it left, says that there are {count} processes, "
                f"and not where they meet; start them with torchrun --nproc_per_node {count} "
                f"run.py or with srun, or {_unset([name])} for one process"
            )
    if any(value not in ALONE[name] for name, value in said.items()):
        told = ", ".join(f"{name}={value}" for name, value in said.items())
        missing = [name for name in NEEDED if not _has(environ, name)]
        count = said.get("WORLD_SIZE", 0)
        raise UserError(
            f"{told}: half of what a launcher says of several processes; "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; {_unset(said)} "
            f"for one process, or use launch.num_processes={count if count > 1 else 'N'}, torchrun "
            "or srun for several"
        )
    worth = [name for name in ("RANK", "LOCAL_RANK") if name in said]
    told = " and ".join(f"{name}={said[name]}" for name in worth)
    line = f"{told}: left by another launcher; this is one process ({_unset(worth)})"
    return [name for name in ALONE if name in environ], line if worth else None


def _has(environ: Mapping[str, str], name: str) -> bool:
    return bool(environ.get(name, "").strip())


def _unset(names: Iterable[str]) -> str:
    return f"unset {' '.join(names)}"
