"""`make soak`: does a run that goes on for long, or a process that does many, hold ever more?

python -m tests.soak [--minutes 30] [--jobs 50] [--part run|process|study|all] [--write]

run       the small recipe in a process of its own, with evaluation, sampling, a tracker and
          checkpoints every few seconds, stopped after so many minutes
process   so many runs in one Python process
study     so many in a study, whose own process is looked at; each run has one of its own

Prints a line for each, with the slope and its 95 % confidence interval, and fails where memory may
grow by more than the bound, or files, threads or processes grow at all.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.file.whole import write_json
from experiments.run.folder import reached
from experiments.terminal.line import say, show
from tests.reliability_page import table, write_section
from tests.soak.jobs import ARM
from tests.soak.process_tree import MIB, Sample, watch
from tests.soak.verdict import Growth, grown, machine

ROOT = Path(__file__).parents[2]
KEPT, PARTS = ROOT / "build" / "soak", ("run", "process", "study")
RUN = [sys.executable, "run.py"]
SMALL = [
    *("debug=tiny", "encoder/image=part_cnn", "launch.threads=1", "trainer.keep=2"),
    *("data.reader.species=12", "data.reader.test_species=4", "data.reader.images_per_species=3"),
]
# Of images, of which two cores train about forty a second.
OFTEN = [
    *("trainer.log_every=40", "trainer.checkpoint_every=200", "trainer.sample_every=200"),
    *("trainer.evaluate_every=400", "trainer.images=1000000000"),
]
KEEP = 2
TITLES = (
    *("what", "how long", "memory at its end", "its slope, 95 % confidence", "bound"),
    *("files", "threads", "processes", "disk"),
)


def main() -> int:
    """Do the parts that are asked for, print the table; 1 where something grows."""
    parser = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of the run")
    parser.add_argument("--jobs", type=int, default=50, help="of the process and of the study")
    parser.add_argument("--part", choices=("run", "process", "study", "all"), default="all")
    parser.add_argument("--write", action="store_true", help="the table into docs/reliability.md")
    options = parser.parse_args()
    found: list[Growth] = []
    with tempfile.TemporaryDirectory(prefix="birdsong-soak-") as name:
        outputs = Path(name)
        own = [*SMALL, f"paths.outputs={outputs}"]
        say("training what the runs build on")
        prepare(own)
        if options.part in ("run", "all"):
            found.append(soak_run(own, outputs, options.minutes))
        if options.part in ("process", "all"):
            found.append(soak_process(own, options.jobs))
        if options.part in ("study", "all"):
            found.append(soak_study(own, outputs, options.jobs))
    text = table(TITLES, [growth.row() for growth in found])
    show(f"{text}\n\n{machine()}")
    for growth in found:
        for problem in growth.problems():
            say(f"error: {growth.what}: {problem}")
    if options.write:
        write_section("soak", f"{kept(found, options)}\n\nOn {machine()}.")
    return int(any(growth.problems() for growth in found))


def kept(found: list[Growth], options: argparse.Namespace) -> str:
    """The table of what was found now, and of the parts that were looked at before."""
    parts = PARTS if options.part == "all" else (options.part,)
    for part, growth in zip(parts, found, strict=True):
        write_json(KEPT / f"{part}.json", {"row": [*growth.row(), f"`{command(options)}`"]})
    files = [KEPT / f"{part}.json" for part in PARTS]
    rows = [json.loads(file.read_text())["row"] for file in files if file.is_file()]
    return table((*TITLES, "by"), rows)


def command(options: argparse.Namespace) -> str:
    part = "" if options.part == "all" else f" --part {options.part}"
    return f"python -m tests.soak --minutes {options.minutes:g} --jobs {options.jobs}{part}"


def prepare(own: list[str]) -> None:
    """Data, encoders and classifier, by a first short run."""
    subprocess.run([*RUN, *own, "tracker=none"], cwd=ROOT, env=quiet(), check=True, **SILENT)


def soak_run(own: list[str], outputs: Path, minutes: float) -> Growth:
    """One run, watched from outside, then asked to save and leave."""
    with started([*RUN, *own, *OFTEN, "tracker=wandb"], outputs / "run.log") as process:
        (folder,) = [path.parent for path in (outputs).glob("attngan_4stage-*/*/config.yaml")]
        before, end = reached(folder), time.monotonic() + 60 * minutes

        def running() -> bool:
            return process.poll() is None and time.monotonic() < end

        samples = progress(watch(process.pid, running, folder), f"of {minutes:g} min")
        code = process.poll()
        process.send_signal(signal.SIGTERM)
        assert code is None and process.wait(120) == 128 + signal.SIGTERM, log_of(outputs, "run")
    images = max(json.loads(x)["images"] for x in (folder / "stats.jsonl").read_text().splitlines())
    what = f"run of {images - before:,} images"
    warm = samples[-1].seconds / 5
    return grown(what, samples, warm, "h", 3600.0, f"{minutes:g} min", KEEP)


def soak_process(own: list[str], jobs: int) -> Growth:
    """Many runs in one Python process, which says after each what it holds."""
    line = [sys.executable, "-m", "tests.soak.jobs", str(jobs), *own, "trainer.images=16"]
    with tempfile.TemporaryFile("w+") as log:
        told = subprocess.run(line, cwd=ROOT, env=quiet(), stdout=subprocess.PIPE, stderr=log)
        log.seek(0)
        assert told.returncode == 0, log.read()[-3000:]
    samples = [
        Sample(**json.loads(text) | {"seconds": float(number)})
        for number, text in enumerate(told.stdout.decode().splitlines())
        if text.startswith("{")
    ]
    assert len(samples) == jobs
    return grown("runs in one process", samples, jobs / 5, "run", 1.0, f"{jobs} runs")


def soak_study(own: list[str], outputs: Path, jobs: int) -> Growth:
    """The process of a study, without those of its runs, which end with them."""
    arms = f"{ARM}={','.join(str(1000 + number) for number in range(jobs))}"
    line = [*RUN, "-m", *own, "trainer.images=16", "~metric", "tracker=wandb", arms]
    with started(line, outputs / "study.log") as process:
        began = time.monotonic()
        alive = watch(process.pid, lambda: process.poll() is None, children=False, every=0.25)
        samples = progress(alive, f"of {jobs} runs")
        seconds = time.monotonic() - began
        assert process.wait(60) == 0, log_of(outputs, "study")
    per_run = seconds / jobs
    return grown("a study's process", samples, seconds / 5, "run", per_run, f"{jobs} runs")


SILENT: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def quiet() -> dict[str, str]:
    """The environment of what is watched: W&B without a network, one thread."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("WANDB_")}
    return inherited | {"WANDB_MODE": "offline", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


@contextmanager
def started(line: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive the block."""
    with log.open("wb") as file:
        process = subprocess.Popen(line, cwd=ROOT, env=quiet(), stdout=file, stderr=file)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def progress(samples: Iterator[Sample], of: str) -> list[Sample]:
    """All of them; a line for each minute."""
    found: list[Sample] = []
    for sample in samples:
        if not found or sample.seconds // 60 > found[-1].seconds // 60:
            say(
                f"{sample.seconds / 60:4.0f} min {of}: {sample.memory:.0f} MiB, "
                f"{sample.handles} files, {sample.threads} threads, {sample.processes} processes, "
                f"{sum(sample.disk.values()) / MIB:.0f} MiB on disk"
            )
        found.append(sample)
    return found


def log_of(outputs: Path, name: str) -> str:
    return (outputs / f"{name}.log").read_text(errors="replace")[-3000:]


if __name__ == "__main__":
    sys.exit(main())
