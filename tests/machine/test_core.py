"""Cores that may be used, by files as the kernel writes them, and those that others leave free."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.machine import core
from experiments.machine.core import Look, cores, free, granted, look, others

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("group", "files", "expected"),
    [
        ("0::/a/b", {"a/b/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/a/b", {"a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"}, 0.5),
        ("0::/../x", {"cpu.max": "300000 100000\n"}, 3.0),  # a container that sees its own mount
        ("0::/", {"unified/cpu.max": "max 100000\n"}, math.inf),
        (
            "4:cpu,cpuacct:/docker/1",
            {"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            2.5,
        ),
        (
            "4:cpu,cpuacct:/",
            {"cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
            math.inf,
        ),
        ("3:cpuset:/a\n2:memory:/a", {"a/cpu.max": "100000 100000\n"}, math.inf),
        ("0::/a", {"a/cpu.max": "what\n"}, math.inf),
    ],
)
def test_what_control_groups_grant(
    tmp_path: Path, group: str, files: dict[str, str], expected: float
) -> None:
    proc = write(tmp_path / "proc", {"self/cgroup": group + "\n"})
    groups = write(tmp_path / "groups", files)
    assert granted(proc, groups) == expected
    assert cores(proc, groups) == max(1, min(cores(tmp_path), math.floor(min(expected, 99))))


def test_without_control_groups_nothing_is_said(tmp_path: Path) -> None:
    assert granted(tmp_path, tmp_path) == math.inf


@linux
def test_affinity_counts() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from experiments.machine.core import cores; print(cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_what_this_process_uses_is_not_of_others() -> None:
    before = Look(10.0, 100.0, 5.0, 1)
    assert others(before, Look(12.0, 103.0, 7.0, 1)) == pytest.approx(0.5)
    assert others(before, Look(12.0, 101.9, 7.0, 1)) == 0.0  # hundredths of seconds are rounded


def stat(busy: list[int]) -> str:
    """`/proc/stat` of so many cores, each of which was busy for so many hundredths of seconds."""
    lines = [f"cpu  {sum(busy)} 0 0 900 0 0 0 0 0 0"]
    lines += [f"cpu{number} {count} 0 0 900 0 0 0 7 0 0" for number, count in enumerate(busy)]
    return "\n".join([*lines, "intr 5 5", "ctxt 9"]) + "\n"


@linux
def test_only_its_own_cores_count(tmp_path: Path) -> None:
    mine = os.sched_getaffinity(0)
    proc = write(tmp_path, {"stat": stat([100] * (max(mine) + 3))})
    assert look(proc).busy == pytest.approx(len(mine) * 100 / os.sysconf("SC_CLK_TCK"))


BEGIN = Look(0.0, 0.0, 0.0, os.getpid())


@pytest.mark.parametrize(
    ("used", "left"),
    [
        ([0.0], 4),
        ([0.4], 4),
        ([0.6, 0.6, 0.6], 3),
        ([1.0, 1.0, 1.0], 3),
        ([2.0, 1.0, 1.8], 3),
        ([4.0, 0.1], 4),  # something short at the start
        ([4.0, 9.0, 4.0], 0),
    ],
)
def test_a_core_that_others_use_is_not_free(
    monkeypatch: pytest.MonkeyPatch, used: list[float], left: int
) -> None:
    """Of four cores, of which others use so many from one look to the next."""
    times = [sum(used[: number + 1]) for number in range(len(used))]
    looks = [Look(number + 1.0, busy, 0.0, os.getpid()) for number, busy in enumerate(times)]
    monkeypatch.setattr(core, "first_look", lambda: BEGIN)
    monkeypatch.setattr(core, "look", lambda proc: looks.pop(0))
    monkeypatch.setattr(core, "_affinity", lambda: set(range(4)))
    monkeypatch.setattr(core.time, "monotonic", lambda: 20.0)
    assert free() == left and not looks


@linux
def test_a_look_that_is_too_old_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc = write(tmp_path, {"stat": stat([0] * (max(os.sched_getaffinity(0)) + 1))})
    for old in (Look(look().at - 3600, -1e6, 0.0, os.getpid()), Look(look().at, -1e6, 0.0, 1)):
        monkeypatch.setattr(core, "first_look", lambda old=old: old)
        monkeypatch.setattr(core, "LOOKS", 1)
        assert free(proc) == cores()
