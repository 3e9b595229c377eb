"""What the soak finds, on processes that are made to leak, and on one that is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.soak.__main__ import started
from tests.soak.process_tree import Sample, look, tree, usage, watch
from tests.soak.verdict import BLOCKS, STUDENT, Growth, Slope, grown, slope, step

EVERY, SECONDS = 0.04, 1.8
LEAKS = {
    "nothing": "held.append(0)",
    "memory": "held.append(bytearray(200_000))",
    "files": "held.append(open(os.devnull))",
    "threads": "held.append(threading.Thread(target=time.sleep, args=(60,), daemon=True)); "
    "held[-1].start()",
    "processes": "held.append(subprocess.Popen(['sleep', '60']))",
}
PROGRAM = """
import os, subprocess, sys, threading, time
held = [0]
print("ready", flush=True)
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    exec(sys.argv[1])
    time.sleep(0.1)
[one.kill() for one in held if hasattr(one, "kill")]
"""


def samples_of(leak: str, folder: Path) -> list[Sample]:
    line = [sys.executable, "-c", PROGRAM, LEAKS[leak], str(SECONDS + 0.5)]
    with started(line, folder / "log") as process:
        while "ready" not in (folder / "log").read_text():
            time.sleep(0.01)
        end = time.monotonic() + SECONDS
        running = watch(process.pid, lambda: time.monotonic() < end, every=EVERY)
        found = list(running)
        assert process.wait(30) == 0, (folder / "log").read_text()
    return found


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Sample]]:
    """All of them at the same time."""
    folders = [tmp_path_factory.mktemp(leak) for leak in LEAKS]
    with ThreadPoolExecutor(len(LEAKS)) as pool:
        return dict(zip(LEAKS, pool.map(samples_of, LEAKS, folders), strict=True))


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_found_and_named(leak: str, watched: dict[str, list[Sample]]) -> None:
    growth = grown(leak, watched[leak], 0.2, "h", 3600.0, "seconds")
    problems = " ".join(growth.problems())
    if leak == "nothing":
        assert (growth.files, growth.threads, growth.processes) == (0, 0, 0)
        assert growth.rate.low < 24, "flat within what so short a time can say"
        return
    assert {"memory": "memory grows by"}.get(leak, f"{leak} more are open") in problems
    if leak == "memory":  # 0.2 MB ten times a second are 6,866 MiB an hour
        assert growth.rate.value == pytest.approx(6866, rel=0.3)
    if leak != "processes":  # each of which has a thread and files of its own
        others = {"files", "threads", "processes"} - {leak}
        assert not any(f"{name} more are open" in problems for name in others)


def test_the_slope_of_a_line_and_its_interval() -> None:
    times = [float(second) for second in range(400)]
    exact = slope(times, [5.0 + 0.25 * second for second in times])
    assert exact.value == pytest.approx(0.25) and exact.half == pytest.approx(0.0, abs=1e-9)
    # Blocks of 20 s that are at 1 and at -1 by turns, against the formula by hand.
    level = slope(times, [(-1.0) ** (second // 20) for second in times])
    x = [20 * block + 9.5 for block in range(BLOCKS)]
    y = [(-1.0) ** block for block in range(BLOCKS)]
    mean = sum(x) / BLOCKS
    spread = sum((one - mean) ** 2 for one in x)
    value = sum((a - mean) * b for a, b in zip(x, y, strict=True)) / spread
    rest = sum((b - value * (a - mean)) ** 2 for a, b in zip(x, y, strict=True))
    assert level.value == pytest.approx(value)
    assert level.half == pytest.approx(STUDENT * (rest / (BLOCKS - 2) / spread) ** 0.5)
    assert level.low < 0 < level.high


def test_peaks_are_no_growth_and_steps_are() -> None:
    assert step([3, 9, 3, 3, 4] * 20) == 0
    assert step([3] * 10 + [4] * 90) == 0, "opened once, early"
    assert step([3] * 60 + [4] * 40) == 1
    assert step(list(range(100))) == 50, "floors 90 and 40"


def test_what_is_kept_is_bounded() -> None:
    flat = Slope(0.0, 1.0)
    disk = {"checkpoints": (10.0, 10.0), "samples": (1.0, 9.0), "other": (1.0, 1.0)}
    good = Growth("a run", "1 h", 100.0, flat, "h", 0, 0, 0, 2, 3, disk)
    assert good.problems() == []
    assert good.row()[3:8] == ["+0.00 ± 1.00 MiB/h", "24 MiB/h", "+0", "+0", "+0"]
    more = Growth("a run", "1 h", 100.0, flat, "h", 1, 0, 0, 2, 4, disk | {"other": (1.0, 2.0)})
    assert more.problems() == [
        "1 files more are open in its second half",
        "4 checkpoints at once, trainer.keep=2",
        "other grew from 1.0 to 2.0 MiB",
    ]
    unsure = Growth("a run", "1 min", 100.0, Slope(1.0, 30.0), "h", 0, 0, 0)
    assert "a longer time says it better" in unsure.problems()[0]


def test_a_process_its_children_and_its_folder(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "images-1.safetensors").write_bytes(bytes(1000))
    (tmp_path / "stats.jsonl").write_text("{}\n")
    (tmp_path / "run.json").write_text("{}")
    assert usage(tmp_path) == {"checkpoints": 1000, "stats.jsonl": 3, "other": 2}
    child = subprocess.Popen(["sleep", "30"])
    try:
        assert set(tree(os.getpid())) >= {os.getpid(), child.pid}
        alone = look(os.getpid(), children=False, folder=tmp_path)
        both = look(os.getpid())
        assert alone and both and alone.processes == 1 and both.processes >= 2
        assert alone.checkpoints == 1 and both.handles > alone.handles > 2
        assert 5 < alone.memory < 20_000
    finally:
        child.kill()
        child.wait()
    assert look(child.pid) is None
