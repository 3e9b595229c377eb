"""The processes of one job: `python -m experiments.launch.worker JOB` is the only one of it, or
starts ranks.

Each rank runs this file again. In the folder of JOB they tell the launcher who they are and what
went wrong.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

JOB, FAILURE, STOPPED, PID = "job.json", "failure", "stopped", "pid-"
TOLD = "told"  # in the file `stopped`: the user was told what was saved
# PyTorch's C++ reads it when it is loaded; it would advise every rank to look for no weights that a
# loss leaves out.
QUIET = ("TORCH_CPP_LOG_LEVEL", "ERROR")


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent dies (Linux): a job that is killed leaves
    no rank behind that holds the run folder."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def start_ranks(job: Path) -> int:
    """Start the ranks through `torch.distributed.run`, wait, return an exit code."""
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    # A signal is for the ranks, which save and leave; the launcher passes it on to them.
    os.environ["TORCHELASTIC_SIGNALS_TO_HANDLE"] = "SIGQUIT"
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.environ.setdefault(*QUIET)
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    # They meet at this address, since the name of a machine need not be known anywhere, and at a
    # port that is free now, so runs of one machine never meet one another.
    command = ["--standalone", "--local-addr", "127.0.0.1"]
    command += ["--nproc_per_node", str(processes_of(job))]
    try:
        run.run(run.parse_args([*command, "-m", "experiments.launch.worker", str(job)]))
    except ChildFailedError as error:
        # One that was killed, by a negative code, comes before those that then fail or are ended.
        codes = [failure.exitcode for failure in error.failures.values()]
        return min(codes, key=lambda code: (code == -signal.SIGTERM, code)) or 1
    return 0


def processes_of(job: Path) -> int:
    """How many ranks a job has."""
    return int(json.loads(job.read_text(encoding="utf-8"))["config"]["launch"]["num_processes"])


def work(job: Path) -> int:
    """Do the job's task as one rank, return an exit code.

    The first user error of any rank goes into the file `failure`; what the others meet because of
    it is of no interest to anybody.
    """
    from experiments.terminal.interrupt import leaving
    from experiments.terminal.stream import settle
    from experiments.terminal.verbose import begin

    settle()
    begin()
    with leaving():
        return _work(job)


def _work(job: Path) -> int:
    from experiments.terminal.error import PeerLost, as_user_error
    from experiments.terminal.interrupt import Stopped, asked, end_at_once

    folder = job.parent
    (folder / f"{PID}{os.getpid()}").touch()
    content = json.loads(job.read_text(encoding="utf-8"))
    try:
        from experiments.machine.rank import leave
        from experiments.trainer.perform import perform

        try:
            perform(content["config"], content["choices"], content["overrides"], content["wait"])
        except Stopped as stopped:
            (folder / STOPPED).write_text(TOLD if stopped.told else "")
            if not stopped.told:  # the others may wait for this process: they are ended
                end_at_once(stopped.code)
        leave()
    except Stopped as stopped:  # before anything has begun
        return stopped.code
    except Exception as error:
        known = as_user_error(error)
        if isinstance(known, PeerLost):  # whoever went first has told why, or its exit code does
            return 128 + asked() if asked() else 1
        if known is None and not (folder / FAILURE).exists():
            raise
        with suppress(FileExistsError), (folder / FAILURE).open("x", encoding="utf-8") as file:
            file.write(str(known))
        return 1
    return 0


def end_as(code: int) -> NoReturn:
    """End with an exit code, or by the signal that it stands for where it is negative: whoever
    started this process tells the user which."""
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    end_with_parent()
    file = Path(sys.argv[1])
    alone = "RANK" in os.environ or processes_of(file) == 1
    end_as(work(file) if alone else start_ranks(file))
