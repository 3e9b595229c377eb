"""Real command lines in processes of their own, on the smallest pictures and networks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.launch.worker import QUIET

ROOT = Path(__file__).parents[2]
DATA = ["data.reader.species=12", "data.reader.test_species=4", "data.reader.images_per_species=3"]
TINY = ["debug=tiny", *DATA, "tracker=none", "launch.threads=1", "encoder/image=part_cnn"]


@dataclass
class Job:
    """A command line that runs."""

    pid: int
    log: Path
    code: Path

    @property
    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    @property
    def errors(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.startswith("error: ")]

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something is so; the job must not end before."""
        end = time.monotonic() + seconds
        while not condition():
            assert not self.code.exists(), f"ended too early:\n{self.text}"
            assert time.monotonic() < end, f"waited in vain:\n{self.text}"
            time.sleep(0.01)

    def wait(self, seconds: float = 240) -> int:
        """The exit code."""
        end = time.monotonic() + seconds
        while not self.code.exists():
            assert time.monotonic() < end, f"still runs:\n{self.text}"
            time.sleep(0.01)
        return int(self.code.read_text())


class Commands:
    """Starts command lines through `forge.py`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        # Other tests of this process leave the address of their W&B service, which ends with them.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
        self.forge = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forge.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=inherited | {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"} | dict([QUIET]),
            cwd=folder,
        )
        self.cache = folder / "cache"

    def settings(self, outputs: Path) -> list[str]:
        """What every command line begins with."""
        return [*TINY, f"paths.outputs={outputs}", f"paths.cache={self.cache}"]

    def start(
        self,
        *arguments: str,
        outputs: Path | None,
        file_size: int = 0,
        ranks: int = 1,
        env: Mapping[str, str] | None = None,
        before: str = "",
    ) -> Job:
        """Start `run.py`: with the tiny settings and this folder for runs, or bare without one; on
        several ranks as torchrun does. `env` is added to its environment, `before` is Python that
        its process executes first."""
        self.count += 1
        log, code = (self.folder / f"{self.count}.{kind}" for kind in ("log", "code"))
        settings = [] if outputs is None else self.settings(outputs)
        job = {
            "arguments": [*settings, *arguments],
            "log": str(log),
            "code": str(code),
            "file_size": file_size,
            "ranks": ranks,
            "env": dict(env or {}),
            "before": before,
        }
        assert self.forge.stdin and self.forge.stdout
        self.forge.stdin.write(json.dumps(job) + "\n")
        self.forge.stdin.flush()
        return Job(int(self.forge.stdout.readline()), log, code)

    def run(self, *arguments: str, outputs: Path | None, file_size: int = 0, ranks: int = 1) -> Job:
        """Start it and wait until it ends."""
        job = self.start(*arguments, outputs=outputs, file_size=file_size, ranks=ranks)
        job.wait()
        return job

    def ok(
        self,
        *arguments: str,
        outputs: Path | None,
        ranks: int = 1,
        env: Mapping[str, str] | None = None,
    ) -> Job:
        """Start it, and see it end well."""
        job = self.start(*arguments, outputs=outputs, ranks=ranks, env=env)
        assert job.wait() == 0, job.text
        return job


@pytest.fixture(scope="session")
def trained(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs with a finished attngan_4stage and what it needs. Not to be written to."""
    outputs = tmp_path_factory.mktemp("trained")
    (outputs / "log").write_text(commands.ok("metric.independent=null", outputs=outputs).text)
    return outputs


@pytest.fixture
def outputs(trained: Path, tmp_path: Path) -> Path:
    """Outputs of a test's own, in which DAMSM and the classifier are trained already."""
    place = tmp_path / "outputs"
    for group in ("damsm-plumage", "classifier-plumage"):
        shutil.copytree(trained / group, place / group)
    return place


@pytest.fixture
def wait_for_end() -> Iterator[list[Job]]:
    """Jobs put into this list do not outlive the test."""
    jobs: list[Job] = []
    yield jobs
    for job in jobs:
        if not job.code.exists():
            job.send(signal.SIGKILL)
