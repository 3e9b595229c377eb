"""Starts command lines as processes of their own, quickly: torch is loaded once and then forked.

Reads a JSON object a line from stdin: `arguments`, `log` (stdout and stderr go there), `code` (the
exit code is written there), `file_size`, the largest file in bytes that it may write, or 0, and
`ranks`, processes that it consists of, as torchrun would start them, `env`, variables of its
environment, and `before`, Python that is executed first. Writes the process id of each to stdout.
"""

import json
import os
import resource
import socket
import sys
import tempfile
from pathlib import Path

import accelerate
import torch
import torch._dynamo  # optimisers load it

import experiments.sample.model
import experiments.trainer.evaluate
import experiments.trainer.execute
from experiments.__main__ import main
from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.run.prerequisite import plan

LOADED = (
    accelerate,
    experiments.trainer.evaluate,
    experiments.trainer.execute,
    experiments.sample.model,
)


def run(job: dict) -> int:
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if job["file_size"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_size"], job["file_size"]))
    sys.argv = ["run.py"]
    os.environ |= job.get("env", {})
    tempfile.tempdir = None  # it may be another one now
    try:
        exec(job.get("before", ""), {})
        return main(job["arguments"])
    except SystemExit as leave:
        return int(leave.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def run_ranks(job: dict) -> int:
    """The same command line on every rank; the largest exit code."""
    if job["ranks"] == 1:
        return run(job)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    world = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(job["ranks"])}
    children = []
    for rank in range(job["ranks"]):
        child = os.fork()
        if child == 0:
            os.environ |= world | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            os._exit(run(job))
        children.append(child)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


torch.set_num_threads(1)
# Loads what Hydra loads, and keeps what most command lines are made of.
words = ["debug=tiny", "tracker=none", "encoder/image=part_cnn"]
cfg = checked_compose(words)
plan(plain(cfg), choices(cfg), words)
for line in sys.stdin:
    job = json.loads(line)
    reading, writing = os.pipe()
    if os.fork() == 0:  # stays to see how it ends
        child = os.fork()
        if child == 0:
            os.setsid()
            os._exit(run_ranks(job))
        os.write(writing, str(child).encode())
        _, status = os.waitpid(child, 0)
        partial = Path(job["code"] + ".partial")
        partial.write_text(str(os.waitstatus_to_exitcode(status)))
        partial.replace(job["code"])
        os._exit(0)
    pid = os.read(reading, 32).decode()
    os.close(reading)
    os.close(writing)
    sys.stdout.write(pid + "\n")
    sys.stdout.flush()
