"""What a run costs: peak memory, and energy where the machine tells."""

from __future__ import annotations

import importlib
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from experiments.machine.rank import Ranks

POWERCAP = Path("/sys/class/powercap")
RESET_PEAK = "5"  # what Linux's clear_refs takes it for


class Meter:
    """Peak memory and energy of a run from here on, over all of its processes."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        _forget_peak(device)
        self.counter = energy_counter(device)
        self.began = self._joules()

    def read(self, ranks: Ranks) -> dict[str, float]:
        """`peak_memory` so far, and `energy` since the last reading where every process knows it.
        All processes call this together."""
        import torch

        now = self._joules()
        mine = torch.tensor(
            [[peak_memory(self.device), now - self.began]], dtype=torch.float64, device=self.device
        )
        self.began = now
        peaks, energies = ranks.gather(mine).T.tolist()
        known = {"peak_memory": int(max(peaks)), "energy": sum(energies)}
        return {name: value for name, value in known.items() if value > 0}

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The energy of what is done in here is not that of training."""
        before = self._joules()
        try:
            yield
        finally:
            self.began += self._joules() - before

    def _joules(self) -> float:
        """A count that only grows; NaN where there is none. One that fails never costs a run."""
        try:
            return math.nan if self.counter is None else self.counter()
        except Exception:
            self.counter = None
            return math.nan


def peak_memory(device: torch.device) -> int:
    """Bytes: the most that tensors took on a GPU, or that this process took in main memory."""
    if device.type == "cuda":
        import torch

        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _forget_peak(device: torch.device) -> None:
    """The peak of what this process did before, such as training what the run builds on."""
    if device.type == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):  # Linux alone has it
            Path("/proc/self/clear_refs").write_text(RESET_PEAK)


def energy_counter(device: torch.device, powercap: Path = POWERCAP) -> Callable[[], float] | None:
    """Joules spent by this process's GPU, or by the processors of its machine; None where that
    cannot be read (RAPL is mostly root's alone; NVML needs `pynvml`)."""
    try:
        if device.type == "cuda":
            return _gpu(device)
        if os.environ.get("LOCAL_RANK", "0") != "0":
            return lambda: 0.0  # the first process of the machine counts for all
        zones = [zone for zone in sorted(powercap.glob("intel-rapl:*")) if _is_package(zone)]
        return Packages(zones) if zones else None
    except Exception:
        return None


class Packages:
    """Energy of the processor packages that RAPL tells of (Intel's and AMD's), since this began.

    A counter starts again at `max_energy_range_uj`, after an hour or so at full load: it has to be
    read more often than that.
    """

    def __init__(self, zones: list[Path]) -> None:
        self.zones = zones
        self.ranges = [_microjoules(zone / "max_energy_range_uj") for zone in zones]
        self.last, self.total = self._read(), 0.0

    def __call__(self) -> float:
        now = self._read()
        for before, after, largest in zip(self.last, now, self.ranges, strict=True):
            self.total += (after - before) % (largest + 1) / 1e6
        self.last = now
        return self.total

    def _read(self) -> list[int]:
        return [_microjoules(zone / "energy_uj") for zone in self.zones]


def _is_package(zone: Path) -> bool:
    """Not a part of one (`intel-rapl:0:1`), and not the whole platform (`psys`)."""
    return zone.name.count(":") == 1 and (zone / "name").read_text().startswith("package")


def _microjoules(path: Path) -> int:
    return int(path.read_text())


def _gpu(device: torch.device) -> Callable[[], float]:
    """By its UUID: CUDA_VISIBLE_DEVICES gives other numbers than NVML has."""
    import torch

    nvml: Any = importlib.import_module("pynvml")
    nvml.nvmlInit()
    handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")

    def joules() -> float:
        return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3

    joules()
    return joules
