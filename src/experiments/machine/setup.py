"""What the machine can do: threads, half precision, and how memory is given back."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from experiments.machine.cluster import has_its_own
from experiments.machine.thread import choose
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of, say_once

M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8
ARENAS = 2  # in which glibc keeps what many threads have freed
STEPS_TO_COMPILE = 20_000
WORKSPACE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS reads it when it is first used


def set_up(launch: dict[str, Any], processes: int) -> None:
    """Threads of this process and, on a CPU with glibc, an allocator that keeps its blocks: what
    glibc gives back after each step costs a third of the step in page faults.

    processes: those of the run that are on this machine.
    """
    if launch["device"] == "cuda" and not torch.cuda.is_available():
        raise UserError("launch.device=cuda: no GPU is visible; use launch.device=cpu or auto")
    visible = torch.cuda.device_count() if launch["device"] != "cpu" else 0
    if 0 < visible < processes and not has_its_own(os.environ, "gpus", visible):
        raise UserError(f"launch.num_processes={processes}: there are {number_of(visible, 'GPU')}")
    choose(launch["threads"]).use()
    if launch["allocator"] and sys.platform == "linux" and not torch.cuda.is_available():
        try:
            libc = ctypes.CDLL("libc.so.6")
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, -1)
        except (OSError, AttributeError):  # another C library: it works, only slower
            return


def share_memory() -> None:
    """For a server: its many threads share what they free, where each would keep blocks of its own
    for ever (glibc)."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """For a server: what was freed goes back to the system, where it would stay in pieces (glibc);
    some milliseconds."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def make_deterministic(wanted: bool) -> None:
    """The same bits each time on the same machine, or whatever measures best.

    Where an operator has no deterministic form on the device, a line says so, once for each.
    """
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = wanted, not wanted
    # `use_deterministic_algorithms` also tells the compiler, and loads it: `compile_networks`.
    torch.set_deterministic_debug_mode("warn" if wanted else "default")
    # Nothing here reads memory that was not written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if wanted:
        os.environ.setdefault(*WORKSPACE)
        if getattr(warnings.showwarning, "func", None) is not _show:
            warnings.showwarning = partial(_show, warnings.showwarning)


def _show(before: Callable[..., None], message: Any, *rest: Any, **more: Any) -> None:
    """As a line, where it is about an operator that is not deterministic."""
    operator, found, _ = str(message).partition(" does not have a deterministic implementation")
    if not found:
        before(message, *rest, **more)
        return
    say_once(
        f"{operator} has no deterministic form on this device: the same command may end in other "
        "bits; trainer.deterministic=false (a run of its own) does without all such forms, faster"
    )


def precision(wanted: str, device: torch.device) -> torch.dtype:
    """auto: bf16 where the hardware multiplies it, else fp32. fp16 is by hand alone: it needs its
    losses scaled."""
    if wanted == "auto":
        wanted = "bf16" if has_bf16(device) else "fp32"
    if wanted == "fp16" and device.type == "cpu" and not _has("avx512_fp16", "amx_fp16"):
        say_once(
            "fp16: this processor does not multiply it, so it is many times slower than fp32 and "
            "only there to be tried; it is for GPUs without bf16, such as V100 and T4"
        )
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[wanted]


def text_features(wanted: str, precision: torch.dtype) -> torch.dtype:
    """auto: as exact as what is computed with them. bfloat16 rounds to 8 bits, float16 to 11."""
    if wanted == "auto":
        wanted = "float32" if precision == torch.float32 else "float16"
    return {"float32": torch.float32, "float16": torch.float16}[wanted]


def memory_format(channels_last: bool | None, device: torch.device) -> torch.memory_format:
    """How maps lie in memory. None: channels last on a GPU, whose matrix units want them so. On a
    CPU the backward pass of batch norm is slower that way than the convolutions gain."""
    wanted = device.type == "cuda" if channels_last is None else channels_last
    return torch.channels_last if wanted else torch.contiguous_format


def compiles(wanted: bool | None, steps: int, device: torch.device) -> bool:
    """None: on a GPU, where a run is long enough to pay for it, and Triton and its C++ compiler are
    there. On a CPU the step is 0.9 to 1.12 times as fast by it (docs/performance.md): by hand."""
    if wanted is not None:
        return wanted
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    there = compiler is not None and find_spec("triton") is not None
    return device.type == "cuda" and steps >= STEPS_TO_COMPILE and there


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 products are faster than fp32; without such instructions they are slower."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return _has("avx512_bf16", "amx_bf16")


def _has(*flags: str) -> bool:
    """Whether the processor has one of these instructions."""
    try:
        known = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return any(flag in known for flag in flags)
