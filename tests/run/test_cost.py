"""What training cost: counters of energy that wrap around, and lines added up by hand."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from experiments.machine.rank import Ranks
from experiments.run.cost import Cost, cost_of
from experiments.trainer.meter import Meter, energy_counter

CPU = torch.device("cpu")


def write_zone(folder: Path, name: str, energy: int, largest: int = 999_999) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in (("name", name), ("energy_uj", energy), ("max_energy_range_uj", largest)):
        (folder / file).write_text(f"{content}\n")
    return folder / "energy_uj"


@pytest.fixture
def powercap(tmp_path: Path) -> tuple[Path, Path]:
    """Two processors, a part of one, and the whole platform; the counters of the two."""
    first = write_zone(tmp_path / "intel-rapl:0", "package-0", 100)
    second = write_zone(tmp_path / "intel-rapl:1", "package-1", 900_000)
    write_zone(tmp_path / "intel-rapl:0:0", "core", 50)
    write_zone(tmp_path / "intel-rapl:2", "psys", 10**6)
    return first, second


def test_packages_are_added_and_their_counters_wrap_around(
    powercap: tuple[Path, Path], tmp_path: Path
) -> None:
    first, second = powercap
    joules = energy_counter(CPU, tmp_path)
    assert joules is not None and joules() == 0
    first.write_text("500100\n")
    assert joules() == pytest.approx(0.5)
    second.write_text("100000\n")  # 100,000 to the end of its range, and as many again
    assert joules() == pytest.approx(0.7)
    first.write_text("100\n")
    assert joules() == pytest.approx(1.2)


def test_no_counter_or_one_that_may_not_be_read(
    powercap: tuple[Path, Path], tmp_path: Path
) -> None:
    assert energy_counter(CPU, tmp_path / "nowhere") is None
    powercap[0].unlink()
    assert energy_counter(CPU, tmp_path) is None


def test_one_process_counts_for_a_machine(
    powercap: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    joules = energy_counter(CPU, tmp_path)
    powercap[0].write_text("200000\n")
    assert joules is not None and joules() == 0


def test_a_gpu_is_found_by_its_uuid_and_counts_millijoules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No machine with a GPU is needed: NVML's three functions are played."""
    gpu = torch.device("cuda", 0)
    energy = {"GPU-77": 5000}

    def total(uuid: str) -> int:
        return energy[uuid]

    nvml = SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=total,
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="77")
    )
    joules = energy_counter(gpu)
    assert joules is not None and joules() == 5.0
    energy.clear()  # an old GPU does not count
    assert energy_counter(gpu) is None
    monkeypatch.setitem(sys.modules, "pynvml", None)  # not installed
    assert energy_counter(gpu) is None


def test_energy_is_that_since_the_last_reading_without_pauses() -> None:
    meter, spent = Meter(CPU), 0.0
    meter.counter, meter.began = lambda: spent, 0.0
    spent = 3.0
    with meter.paused():
        spent = 10.0
    spent = 12.0
    assert meter.read(Ranks("cpu"))["energy"] == 5.0
    spent = 13.0
    assert meter.read(Ranks("cpu"))["energy"] == 1.0

    def fails() -> float:
        raise OSError

    meter.counter = fails
    assert meter.read(Ranks("cpu")).keys() == {"peak_memory"}


def test_the_largest_process_and_the_energy_of_all() -> None:
    meter = Meter(CPU)
    meter.counter, meter.began = lambda: 4.0, 1.0
    others = torch.tensor([[2.0**50, 2.5]], dtype=torch.float64)
    ranks: Any = SimpleNamespace(gather=lambda mine: torch.cat([mine, others]))
    assert meter.read(ranks) == {"peak_memory": 2**50, "energy": 5.5}
    others[0, 1] = math.nan
    assert meter.read(ranks) == {"peak_memory": 2**50}


PEAK = """
import torch
from experiments.machine.rank import Ranks
from experiments.trainer.meter import Meter, peak_memory
cpu = torch.device("cpu")
before = torch.ones(2**26)  # 256 MiB
high = peak_memory(cpu)
assert high > 2**28
del before
meter = Meter(cpu)
assert peak_memory(cpu) < high - 2**27
again = torch.ones(2**26)
del again
assert meter.read(Ranks("cpu"))["peak_memory"] > high - 2**26
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
def test_memory_is_the_peak_since_the_meter_began() -> None:
    """In a process of its own: a run keeps freed memory, and a test may have begun one here. A
    shell between them: a program inherits the peak of what started it."""
    shell = ["sh", "-c", '"$0" -c "$1"; exit $?', sys.executable, PEAK]
    subprocess.run(shell, check=True, timeout=60)


def write_lines(folder: Path, *lines: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def line(images: int, seconds: float, rate: float, memory: int, **more: Any) -> dict[str, Any]:
    return {
        "images": images,
        "generator/loss": 1.0,
        "images_per_second": rate,
        "seconds": seconds,
        "peak_memory": memory,
    } | more


def test_costs_are_added_up(tmp_path: Path) -> None:
    folder = write_lines(
        tmp_path,
        line(100, 10.0, 10.0, 700, energy=50.0),
        {"images": 100, "frechet/x": 3.0},
        line(200, 5.0, 20.0, 900, energy=30.0),
    )
    assert cost_of(folder) == Cost(200, 15.0, pytest.approx(200 / 15), 900, 80.0)


def test_what_no_line_tells_of_counts_as_the_rest(tmp_path: Path) -> None:
    """Stopped at 150 images, where there is no line, and resumed; another process, less memory."""
    folder = write_lines(
        tmp_path,
        line(100, 10.0, 10.0, 900, energy=20.0),
        line(200, 5.0, 10.0, 700, energy=10.0),
    )
    assert cost_of(folder) == Cost(200, 20.0, 10.0, 900, 40.0)


def test_costs_that_nothing_tells(tmp_path: Path) -> None:
    assert cost_of(tmp_path) is None
    assert cost_of(write_lines(tmp_path, {"images": 8, "images_per_second": 4.0})) is None
    half = write_lines(tmp_path, line(8, 2.0, 4.0, 7, energy=1.0), line(16, 2.0, 4.0, 7))
    assert cost_of(half) == Cost(16, 4.0, 4.0, 7, None)  # not of the first half alone
    bad = write_lines(tmp_path, line(8, 2.0, 4.0, 7), line(16, 2.0, 4.0, "much"))  # type: ignore[arg-type]
    assert cost_of(bad) == Cost(16, 4.0, 4.0, 7, None)
