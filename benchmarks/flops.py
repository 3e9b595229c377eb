"""Floating-point operations of a step, and the most of them that this machine does in a second.

One multiplication with its addition counts as two. Convolutions and products of matrices count, the
recurrent text encoder does not.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.turns import now
from experiments.generator.block import UpConv

SIDE = {"cpu": 2048, "cuda": 8192}  # of the matrices that the peak is measured with
REPEATS = 5


def flops(step: Callable[[], object]) -> int:
    """Those of one call."""
    with FlopCounterMode(display=False) as counter:
        step()
    return int(counter.get_total_flops())


@contextmanager
def as_published(system: nn.Module) -> Iterator[None]:
    """Doublings and convolutions in here are those of the paper: a model's own operations, by which
    both sides are judged, are not those of a form that does with fewer."""
    layers = [layer for layer in system.modules() if isinstance(layer, UpConv)]
    before = [layer.fast for layer in layers]
    try:
        for layer in layers:
            layer.fast = False
        yield
    finally:
        for layer, fast in zip(layers, before, strict=True):
            layer.fast = fast


def peak(clock: str, dtype: torch.dtype) -> float:
    """FLOPs a second of a large product of matrices in this process."""
    side = SIDE.get(clock, SIDE["cpu"])
    device = "cuda" if clock == "cuda" else "cpu"
    one, other = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty(side, side, device=device, dtype=dtype)
    times = []
    for _ in range(1 + REPEATS):
        began = now(clock)
        torch.mm(one, other, out=out)
        times.append(now(clock) - began)
    return float(2 * side**3 / statistics.median(times[1:]))
