"""Whether a training step waits for its batch: the share of a run's time that it does.

python -m benchmarks.part.waiting CASE(JSON) DEVICE STEPS
"""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace

import torch

from benchmarks.case import Case, prepare
from benchmarks.row import Row
from benchmarks.turns import serve, take_turns
from experiments.machine.rank import Ranks
from experiments.machine.setup import set_up
from experiments.trainer.training import Training

# Batches of noise from main memory. The step of narrow networks leaves the loader the least time.
CASES = (
    (Case("attngan_4stage", "plumage"), 40),
    (Case("gan_cls", "plumage"), 80),
    (Case("attngan", "cub", 2), 4),
)


def measure(options: Namespace) -> list[Row]:
    """A row for each case: a process that trains on batches made ahead, as a run does."""
    rows = []
    for case, steps in CASES:
        command = ["benchmarks.part.waiting", json.dumps(case.to_dict()), options.device]
        timing = take_turns(
            {"run": [*command, str(steps)]}, 1, 0, f"waiting of {case.name}", options.threads
        )["run"]
        title = f"share of a step that waits for its batch, {case.name}, {timing.note}"
        rows.append(Row("waiting", title, timing.found["share"], "", "waiting", ours=timing))
    return rows


def share(training: Training, steps: int) -> float:
    """Of the seconds of `steps` steps those in which there was no batch yet.

    The first step fills the queue.
    """
    waited = 0.0
    with training.stream() as stream:
        training.step(next(stream))
        training.advance()
        began = time.perf_counter()
        for _ in range(steps):
            asked = time.perf_counter()
            batch = next(stream)
            waited += time.perf_counter() - asked
            training.step(batch)
            training.advance()
    return waited / (time.perf_counter() - began)


def main(arguments: list[str]) -> None:
    """Serve one case, whose turn is to train."""
    case, device, steps = Case(**json.loads(arguments[0])), arguments[1], int(arguments[2])
    set_up({"device": device, "threads": torch.get_num_threads(), "allocator": True}, 1)
    ranks = Ranks(device)
    training = prepare(case, ranks.device).training(ranks, "auto")
    note = "bf16" if training.precision == torch.bfloat16 else "fp32"
    found: list[float] = []

    def work() -> int:
        found.append(share(training, steps))
        return steps * training.batch

    serve(work, "cuda" if device == "cuda" else "wall", note, lambda: {"share": found[-1]})


if __name__ == "__main__":
    main(sys.argv[1:])
