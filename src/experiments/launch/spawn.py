"""A run in processes of its own: its ranks, or one process that no other job shares."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from experiments.launch.worker import FAILURE, JOB, PID, STOPPED
from experiments.machine.device import alive
from experiments.machine.thread import shared_out
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Stopped
from experiments.terminal.line import LOG

LOOK_EVERY = 0.3  # s
PREFIX = "birdsong-job-"  # of folders through which the processes of a job speak
# What asks a run to save and leave; SLURM and submitit send the others before they take a job away.
ASKED: tuple[int, ...] = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
    *(signal.SIGUSR1, signal.SIGUSR2),
)


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
        (folder / JOB).write_text(json.dumps(job))
        command = [sys.executable, "-m", "experiments.launch.worker", str(folder / JOB)]
        given = {**os.environ, **({LOG: str(log)} if log else {}), **(environment or {})}
        given |= shared_out(config["launch"]["threads"], processes, given)
        given.setdefault("OMP_NUM_THREADS", "1")  # else torchrun says that it does so
        # A session of its own: Ctrl-C reaches the ranks once, from here.
        with _inherits_block(signal.SIGUSR1, signal.SIGUSR2):
            child = subprocess.Popen(
                command,
                env=given,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        code, signals = _wait(child, folder, stop)
        if (folder / FAILURE).exists():
            raise UserError((folder / FAILURE).read_text())
        if (folder / STOPPED).exists() or (signals and code != 0):
            raise Stopped(signals[-1] if signals else signal.SIGTERM)
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
) -> tuple[int, list[int]]:
    """The exit code, and the signals that came. Each is passed on to the ranks; what handled it
    before gets it once they have saved and left."""
    signals: list[int] = []

    def forward(number: int, frame: FrameType | None = None) -> None:
        signals.append(number)
        ranks = [int(path.name.removeprefix(PID)) for path in folder.glob(f"{PID}*")]
        asked = number if number == signal.SIGINT else signal.SIGTERM
        for rank in ranks:
            with suppress(ProcessLookupError):
                os.kill(rank, asked)
        if not ranks:
            child.kill()

    before: dict[int, Any] = {number: signal.getsignal(number) for number in ASKED}
    ignored = [number for number in ASKED if before[number] is signal.SIG_IGN]
    for number in ASKED:
        if number not in ignored:
            signal.signal(number, forward)
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = child.wait(LOOK_EVERY)
                break
            if not signals and stop():
                forward(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            if number not in ignored:
                signal.signal(number, handler)
    for number in signals:
        if number in (signal.SIGUSR1, signal.SIGUSR2) and callable(before[number]):
            before[number](number, None)
    return code, signals
