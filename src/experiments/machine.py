"""What the machine can do: threads, half precision, and how memory is given back."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import torch

from experiments.cluster import has_its_own
from experiments.device import cores
from experiments.errors import UserError

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def set_up(launch: dict[str, Any], processes: int) -> None:
    """Threads of this process and, on a CPU with glibc, an allocator that keeps its blocks: what
    glibc gives back after each step costs a third of the step in page faults.

    processes: those of the run that are on this machine.
    """
    if launch["device"] == "cuda" and not torch.cuda.is_available():
        raise UserError("launch.device=cuda: no GPU is visible; use launch.device=cpu or auto")
    visible = torch.cuda.device_count() if launch["device"] != "cpu" else 0
    if 0 < visible < processes and not has_its_own(os.environ, "gpus", visible):
        raise UserError(f"launch.num_processes={processes}: there are {visible} GPUs")
    sharing = 1 if has_its_own(os.environ, "cpus", cores()) else processes
    torch.set_num_threads(launch["threads"] or max(1, cores() // sharing))
    if launch["allocator"] and sys.platform == "linux" and not torch.cuda.is_available():
        try:
            libc = ctypes.CDLL("libc.so.6")
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        except (OSError, AttributeError):  # another C library: it works, only slower
            return


def make_deterministic(wanted: bool) -> None:
    """On a GPU: convolutions by the same algorithm every time, or by the one that measures best."""
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = wanted, not wanted


def precision(wanted: str, device: torch.device) -> torch.dtype:
    """auto: bf16 where the hardware multiplies it, else fp32."""
    if wanted == "auto":
        wanted = "bf16" if has_bf16(device) else "fp32"
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[wanted]


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 products are faster than fp32; without such instructions they are slower."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
