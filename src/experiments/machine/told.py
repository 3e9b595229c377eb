"""What a launcher was told and a run does not use: a line for each, so that nobody believes that a
run computed as its launcher was asked to.

`accelerate launch` hands on by the environment what it was told, but for a few options that it
keeps to itself where no other engine is asked for; these stand in its own command line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from experiments.machine.launcher import number_in

STARTED = "ACCELERATE_MIXED_PRECISION"  # set by `accelerate launch` alone
DYNAMO = "ACCELERATE_DYNAMO_"
STEPS, CLIPPING = "gradient_accumulation_steps", "gradient_clipping"
NOTHING = ("", "no", "none", "false", "default", "0")
FABRIC = {"LT_PRECISION": "trainer.precision", "LT_STRATEGY": "launch.comm_hook"}
FABRIC_NOTHING = ("32-true", "auto", "ddp")
TPU = ("XLA_USE_BF16", "XLA_DOWNCAST_BF16")


def not_used(
    environ: Mapping[str, str],
    words: Sequence[str],
    accumulate: int,
    compiled: bool,
    device: str,
) -> Iterator[str]:
    """A line for each thing that is asked of the launcher and decided elsewhere. `words`: the
    launcher's command line. The others: what the run does."""
    if STARTED in environ:
        yield from _dynamo(environ, compiled)
        steps = _said(environ, words, STEPS)
        if steps not in NOTHING and steps != str(accumulate):
            yield (
                f"trainer.accumulate={accumulate}: {STEPS} of accelerate launch ({steps}) is not "
                "used; trainer.batch counts a whole batch, and trainer.accumulate splits it"
            )
        clipping = _said(environ, words, CLIPPING)
        if clipping not in NOTHING:
            yield (
                f"accelerate launch: {CLIPPING} ({clipping}) is not used; the optimisers of the "
                "configuration say what is clipped"
            )
        if environ.get("ACCELERATE_USE_CPU", "").lower() in ("true", "1") and device != "cpu":
            yield f"accelerate launch: --cpu is not used ({device} is); launch.device=cpu does it"
    for name, key in FABRIC.items():
        value = environ.get(name, "").strip()
        if value.lower() not in (*NOTHING, *FABRIC_NOTHING):
            yield f"{name}={value}: what fabric run was told is not used; {key} decides"
    if any(environ.get(name, "0") not in NOTHING for name in TPU):
        yield f"{' and '.join(TPU)}: are of TPUs, and not used; trainer.precision decides"


def lone_task(environ: Mapping[str, str], processes: int) -> str | None:
    """A line where a script of `sbatch` has several tasks and this is one process without `srun`,
    which would start them."""
    tasks = number_in(environ, "SLURM_NTASKS", 1) if "SLURM_JOB_ID" in environ else 1
    stepped = "SLURM_STEP_NUM_TASKS" in environ or "RANK" in environ
    if tasks < 2 or stepped or processes > 1:
        return None
    return (
        f"SLURM_NTASKS={tasks}: this is one process, and the other tasks stay idle; srun before "
        f"the command starts {tasks}, or ask for one task"
    )


def words_of_parent() -> list[str]:
    """The command line of what started this process; empty where the system does not tell."""
    try:
        content = Path(f"/proc/{os.getppid()}/cmdline").read_bytes()
    except OSError:
        return []
    return [word.decode("utf-8", "replace") for word in content.split(b"\0") if word]


def _dynamo(environ: Mapping[str, str], compiled: bool) -> Iterator[str]:
    asked = {
        name: environ.get(f"{DYNAMO}{name}", "").strip()
        for name in ("BACKEND", "MODE", "USE_FULLGRAPH", "USE_DYNAMIC", "USE_REGIONAL_COMPILATION")
    }
    backend = asked.pop("BACKEND").lower()
    given = {name: value for name, value in asked.items() if value.lower() not in NOTHING}
    more = [f"{name.lower()} {value}" for name, value in given.items()]
    if backend in NOTHING or (compiled and backend == "inductor" and not more):
        return
    told = ", ".join([backend, *more])
    way = "the networks are compiled as" if compiled else "nothing is compiled;"
    end = "trainer.compile=true says" if compiled else "trainer.compile=true does it"
    yield f"accelerate launch: dynamo ({told}) is not used; {way} {end}"


def _said(environ: Mapping[str, str], words: Sequence[str], option: str) -> str:
    """What an option of `accelerate launch` was given."""
    value = environ.get(f"ACCELERATE_{option.upper()}", "").strip().lower()
    if value:
        return value
    names = (f"--{option}", f"--{option.replace('_', '-')}")
    for word, after in zip(words, [*words, ""][1:], strict=True):
        name, equals, given = word.partition("=")
        if word.endswith(".py"):  # what follows are words of ours
            scripts = ("accelerate", "launch.py", "accelerate-launch")
            if Path(word).name not in scripts:
                break
        if name in names:
            return (given if equals else after).lower()
    return ""
