"""A step of two processes: gradients that travel while the backward pass runs, against one message
after it.

python -m benchmarks.part.processes plain|product CASE(JSON) DEVICE
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.case import Case, prepare
from benchmarks.row import Row, faster
from benchmarks.turns import WARM_UP, serve, take_turns
from experiments.launch.worker import QUIET
from experiments.machine.rank import Ranks, leave
from experiments.machine.setup import set_up
from experiments.trainer.training import Training
from experiments.trainer.turn import Turn

CASES = (Case("damsm", "plumage"), Case("attngan_4stage", "plumage"))
PROCESSES = 2


def measure(options: Namespace) -> list[Row]:
    """Wall time of a step, and bytes of the gradients that one process sends into the mean."""
    rows = []
    for case in CASES:
        command = ["benchmarks.part.processes"]
        rest = [json.dumps(case.to_dict()), options.device]
        variants = {form: [*command, form, *rest] for form in ("plain", "product")}
        title = f"{PROCESSES} processes, {case.name}"
        timings = take_turns(variants, options.rounds, WARM_UP, title, options.threads)
        plain, ours = timings["plain"], timings["product"]
        rows.append(faster("processes", title, plain, ours))
        rows[-1].remarks.append(f"{ours.found['bytes']:,} bytes of gradients a step")
    return rows


class Whole(nn.Module):
    """A module that looks prepared, and reduces nothing."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *arguments: Any) -> Any:
        return self.module(*arguments)


def average_by_hand(training: Training) -> None:
    """Gradients of a phase in one message, once its backward pass is over, from its first step on:
    the plain way, and the same bits."""
    training.ranks.prepare = Whole  # type: ignore[method-assign]
    for turn in training.turns:
        turn.update = _averaged(turn, turn.update)  # type: ignore[method-assign,assignment]


def _averaged(turn: Turn, update: Callable[[int], None]) -> Callable[[int], None]:
    def averaged(images: int) -> None:
        gradients = [p.grad for p in turn.trained if p.grad is not None]
        if not gradients:
            return update(images)
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= turn.ranks.processes
        parts = flat.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        return update(images)

    return averaged


def main(arguments: list[str]) -> None:
    """Serve one form as the first process, and start the other one, which follows it."""
    form, case, device = arguments[0], Case(**json.loads(arguments[1])), arguments[2]
    if "RANK" not in os.environ:
        command = [sys.executable, "-m", "benchmarks.part.processes", *arguments]
        place = os.environ | _place()  # which torch reads when it is loaded, too
        subprocess.Popen(command, env=place | {"RANK": "1", "LOCAL_RANK": "1"}, stdin=-3)
        os.execve(sys.executable, command, place)
    set_up({"device": device, "threads": torch.get_num_threads(), "allocator": True}, PROCESSES)
    ranks = Ranks(device)
    training = prepare(case, ranks.device).training(ranks, "fp32")
    training.batch *= PROCESSES  # each has the whole batch of the case: it is time that counts
    if form == "plain":
        average_by_hand(training)

    def step() -> int:
        training.step(training.batches.at(0))
        training.advance()
        return training.batch

    def work() -> int:
        ranks.any(True)
        return step()

    def after() -> dict[str, Any]:
        ranks.any(False)
        return {"bytes": sum(p.nbytes for turn in training.turns for p in turn.trained)}

    if ranks.main:
        serve(work, "cuda" if device == "cuda" else "wall", after=after)
    else:
        while ranks.any(False):
            step()
    leave()


def _place() -> dict[str, str]:
    """Of the first process, in the environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"RANK": 0, "LOCAL_RANK": 0, "WORLD_SIZE": PROCESSES, "LOCAL_WORLD_SIZE": PROCESSES}
    found = own | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return {key: str(value) for key, value in found.items()} | dict([QUIET])


if __name__ == "__main__":
    main(sys.argv[1:])
