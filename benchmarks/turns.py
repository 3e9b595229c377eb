"""Variants that take turns: each a process of its own, driven over pipes, timed by its own clock.

Processor time of one thread is what contention moves least; on a GPU, whose work no processor clock
sees, it is wall time with the device waited for, and where other processes do the work, wall time.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any, Literal

from tqdm import tqdm

from experiments.terminal.line import say

TURN, END = "turn", "end"
WARM_UP = 3  # turns of a training step: until then the allocator still asks the system for memory
Clock = Literal["cpu", "cuda", "wall"]


@dataclass(frozen=True)
class Timing:
    """Of one variant: the median turn in seconds for each image (or whatever is counted), the
    fastest and the slowest one, its peak memory in bytes, what else it found, and by how many
    seconds of wall time its first turn took longer than the median turn."""

    seconds: float
    least: float
    most: float
    memory: int
    note: str
    found: dict[str, Any] = field(default_factory=dict)
    first: float = 0.0

    @property
    def rate(self) -> float:
        """Images a second."""
        return 1.0 / self.seconds


def serve(
    work: Callable[[], int],
    clock: str,
    note: str = "",
    after: Callable[[], dict[str, Any]] = dict,
) -> None:
    """The side of the worker: do `work`, which returns images, whenever asked; answer in JSON.

    `after`: what else it finds out, once all turns are over and its peak memory is read.
    """
    _answer({"note": note})
    for line in sys.stdin:
        if line.strip() == END:
            break
        before, began = now(clock), time.perf_counter()
        images = work()
        taken = {"seconds": now(clock) - before, "wall": time.perf_counter() - began}
        _answer(taken | {"images": images})
    else:
        return  # the other side has gone
    memory = _peak(clock)
    _answer({"memory": memory, "found": after()})


def now(clock: str) -> float:
    """Seconds of a clock, from an arbitrary start."""
    if clock == "cpu":
        return time.process_time()
    if clock == "cuda":
        import torch

        torch.cuda.synchronize()
    return time.perf_counter()


def take_turns(
    variants: Mapping[str, Sequence[str]], rounds: int, warm_up: int, title: str, threads: int = 1
) -> dict[str, Timing]:
    """Start each variant (a module and its arguments), let them take turns, return medians."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    found: dict[str, list[float]] = {name: [] for name in variants}
    first: dict[str, dict[str, float]] = {}
    say(f"{title}: {', '.join(variants)} take turns, {warm_up} + {rounds} each")
    with ExitStack() as stack:
        workers = {}
        for name, command in variants.items():
            worker = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                text=True,
            )
            stack.callback(_stop, worker)
            workers[name] = worker
        notes = {name: str(_read(name, worker)["note"]) for name, worker in workers.items()}
        steps = (warm_up + rounds) * len(workers)
        with tqdm(total=steps, desc=title, unit="turn", leave=False, disable=None) as bar:
            for number in range(warm_up + rounds):
                for name, worker in workers.items():
                    answer = _ask(name, worker, TURN)
                    first.setdefault(name, answer)
                    if number >= warm_up:
                        found[name].append(answer["seconds"] / answer["images"])
                    bar.update()
        ends = {name: _ask(name, worker, END) for name, worker in workers.items()}
    return {
        name: Timing(
            statistics.median(found[name]),
            min(found[name]),
            max(found[name]),
            int(ends[name]["memory"]),
            notes[name],
            ends[name]["found"],
            first[name]["wall"] - first[name]["images"] * statistics.median(found[name]),
        )
        for name in variants
    }


def _ask(name: str, worker: subprocess.Popen[str], word: str) -> dict[str, Any]:
    stream: IO[str] | None = worker.stdin
    assert stream is not None
    stream.write(word + "\n")
    stream.flush()
    return _read(name, worker)


def _read(name: str, worker: subprocess.Popen[str]) -> dict[str, Any]:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise SystemExit(f"error: benchmark {name} ended early; what it said is above")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _stop(worker: subprocess.Popen[str]) -> None:
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            stream.close()
    try:
        worker.wait(timeout=10)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _answer(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def _peak(clock: str) -> int:
    if clock == "cuda":
        import torch

        return torch.cuda.max_memory_allocated()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * (1 if sys.platform == "darwin" else 1024)
