"""A run in processes of its own: its ranks, or one process that no other job shares."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from experiments.launch.worker import FAILURE, JOB, PID, STOPPED, TOLD
from experiments.machine.device import alive
from experiments.machine.thread import shared_out
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Interrupt, Stopped, tell_left
from experiments.terminal.line import LOG

logger = logging.getLogger(__name__)
LOOK_EVERY = 0.3  # s
USER = (signal.SIGUSR1, signal.SIGUSR2)
PREFIX = "birdsong-job-"  # of folders through which the processes of a job speak


def run_apart(
    config: Mapping[str, Any],
    chosen: Mapping[str, str],
    overrides: list[str],
    *,
    log: Path | None = None,
    wait: bool = False,
    environment: Mapping[str, str] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Start the processes of a job and wait until they end. What one has to say to the user comes
    back through files.

    log: takes what they print, else they share this terminal. wait: for a folder that another
    process holds. environment: added to this one's. stop: asks them to save and leave, as a signal
    does.

    Raises `UserError` for what went wrong there, and `Stopped` where they were asked to leave.
    """
    processes = int(config["launch"]["num_processes"])
    _sweep()
    prefix = f"{PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix) as name, _written_to(log) as output:
        folder = Path(name)
        job = {"config": config, "choices": chosen, "overrides": overrides, "wait": wait}
        (folder / JOB).write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-m", "experiments.launch.worker", str(folder / JOB)]
        given = {**os.environ, **({LOG: str(log)} if log else {}), **(environment or {})}
        given |= shared_out(config["launch"]["threads"], processes, given)
        given.setdefault("OMP_NUM_THREADS", "1")  # else torchrun says that it does so
        added = {key: value for key, value in given.items() if os.environ.get(key) != value}
        logger.debug("starting %s with %s", " ".join(command), added)
        # A session of its own: Ctrl-C reaches the ranks once, from here.
        with _inherits_block(*USER):
            child = subprocess.Popen(
                command,
                env=given,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        code, number = _wait(child, folder, stop)
        if (folder / FAILURE).exists():
            raise UserError((folder / FAILURE).read_text(encoding="utf-8"))
        if (folder / STOPPED).exists() or (number and code != 0):
            told = (folder / STOPPED).exists() and (folder / STOPPED).read_text() == TOLD
            raise Stopped(number or signal.SIGTERM, told)
        if code != 0:
            what = f"launch.num_processes={processes}: a process" if processes > 1 else "it"
            where = f"in {log}" if log else "above"
            raise UserError(
                f"{what} ended with {ending(code)}; what it said is {where}. The same command goes "
                "on from the last checkpoint"
            )


def _sweep() -> None:
    """Remove the folders of launchers that were killed."""
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = place.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not alive(int(owner)):
            shutil.rmtree(place, ignore_errors=True)  # it may be somebody else's


def ending(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    killed = " (by the kernel, when memory runs out, or by hand)" if code == -signal.SIGKILL else ""
    return f"{signal.Signals(-code).name}{killed}"


@contextmanager
def _inherits_block(*numbers: int) -> Iterator[None]:
    """Processes that start in the block never get these signals, which would end them: SLURM may
    signal all that a job consists of, and it is for the launcher to have a run save."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _written_to(log: Path | None) -> Iterator[Any]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        yield file


def _wait(
    child: subprocess.Popen[bytes], folder: Path, stop: Callable[[], bool]
) -> tuple[int, int]:
    """The exit code, and the signal that came, or 0. It is passed on to the ranks; what handled it
    before gets it once they have saved and left. A second one ends them."""

    def send(number: int) -> None:
        ranks = [int(path.name.removeprefix(PID)) for path in folder.glob(f"{PID}*")]
        for rank in ranks:
            with suppress(ProcessLookupError):
                os.kill(rank, number)
        if not ranks or number == signal.SIGKILL:
            child.kill()

    def forward(number: int) -> None:
        send(number if number == signal.SIGINT else signal.SIGTERM)

    def end(number: int) -> None:
        tell_left(number)
        send(signal.SIGKILL)

    with Interrupt(forward, end) as interrupt:
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = child.wait(LOOK_EVERY)
                break
            if not interrupt.requested and stop():
                interrupt.note(signal.SIGTERM)
        theirs = interrupt.of_others(interrupt.number)
    if interrupt.requested and interrupt.number in USER and theirs is not None:
        theirs(interrupt.number, None)
    return code, interrupt.number if interrupt.requested else 0
