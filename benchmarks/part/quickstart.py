"""From the command of the quickstart to its first step, with its data and prerequisites there.

The data are those of the quickstart; what it trains first is trained for a few images only, since
how well changes no time. Every turn starts the command anew in a folder without that run.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

from benchmarks.part.start import ROOT
from benchmarks.row import Row
from benchmarks.turns import Timing
from experiments.run.folder import STATS
from experiments.terminal.line import say

FEW = 48  # images of a prerequisite
PATIENCE, PAUSE = 600.0, 0.01  # s


def measure(options: Namespace) -> list[Row]:
    """Wall time of a few starts."""
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as name:
        outputs = Path(name)
        say("quickstart: making its data and what it builds on, once")
        first = to_first_step(outputs)
        times = [to_first_step(outputs) for _ in range(options.rounds)]
    middle = statistics.median(times)
    timing = Timing(middle, min(times), max(times), 0, "")
    title = "command to the first optimiser step, wall, all there"
    details = {"without_data": first}
    return [Row("quickstart", title, middle, " s", "quickstart", ours=timing, details=details)]


def command(outputs: Path) -> list[str]:
    """That of the quickstart, with a line after each step."""
    return [
        sys.executable,
        "run.py",
        "experiment=quickstart",
        f"paths.outputs={outputs}",
        f"paths.cache={outputs}/cache",
        "tracker=none",
        "trainer.log_every=1",
        f"data.preset.images.damsm={FEW}",
        f"data.preset.images.classifier={FEW}",
    ]


def to_first_step(outputs: Path) -> float:
    """Seconds until the run has logged a step; it is ended then, and its folder removed."""
    began = time.perf_counter()
    with (outputs / "said").open("w") as said:
        process = subprocess.Popen(command(outputs), cwd=ROOT, stdout=said, stderr=said)
        try:
            while not (found := list(outputs.glob(f"attngan_4stage-*/*/{STATS}"))):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                    last = (outputs / "said").read_text().strip().rpartition("\n")[2]
                    raise SystemExit(f"error: the quickstart made no step: {last}")
                time.sleep(PAUSE)
            took = time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()
    shutil.rmtree(found[0].parent)
    return took
