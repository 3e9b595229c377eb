"""Variants that take turns: each a process of its own, driven over pipes, timed by its own clock.

Processor time of one thread is what contention moves least; on a GPU, whose work no processor clock
sees, it is wall time with the device waited for.
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
from dataclasses import dataclass
from typing import IO, Any

from tqdm import tqdm

from experiments.terminal import say

TURN, END = "turn", "end"


@dataclass(frozen=True)
class Timing:
    """Of one variant: the median turn in seconds for each image, and its peak memory in bytes."""

    seconds: float
    memory: int
    note: str

    @property
    def rate(self) -> float:
        """Images a second."""
        return 1.0 / self.seconds


def serve(work: Callable[[], int], device: str, note: str = "") -> None:
    """The side of the worker: do `work`, which returns images, whenever asked; answer in JSON."""
    _answer({"note": note})
    for line in sys.stdin:
        if line.strip() == END:
            break
        before = _clock(device)
        images = work()
        _answer({"seconds": _clock(device) - before, "images": images})
    else:
        return  # the other side has gone
    _answer({"memory": _peak(device)})


def take_turns(
    variants: Mapping[str, Sequence[str]], rounds: int, warm_up: int, title: str, threads: int = 1
) -> dict[str, Timing]:
    """Start each variant (a module and its arguments), let them take turns, return medians."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    found: dict[str, list[float]] = {name: [] for name in variants}
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
                    if number >= warm_up:
                        found[name].append(answer["seconds"] / answer["images"])
                    bar.update()
        memory = {name: int(_ask(name, worker, END)["memory"]) for name, worker in workers.items()}
    return {
        name: Timing(statistics.median(found[name]), memory[name], notes[name]) for name in variants
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


def _clock(device: str) -> float:
    if device == "cpu":
        return time.process_time()
    import torch

    torch.cuda.synchronize()
    return time.perf_counter()


def _peak(device: str) -> int:
    if device == "cpu":
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return kilobytes * (1 if sys.platform == "darwin" else 1024)
    import torch

    return torch.cuda.max_memory_allocated()
