"""One variant of the training step, as a process that `turns.py` drives.

python -m benchmarks.step plain|fp32|auto CASE(JSON) DEVICE STEPS
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.case import Case, Prepared, prepare
from benchmarks.plain import PlainStep
from benchmarks.turns import serve
from experiments.machine import set_up
from experiments.ranks import Ranks
from experiments.seeding import Step


def main(arguments: list[str]) -> None:
    """Serve one variant. `plain` is the baseline, the others the product in that precision."""
    variant, case, device = arguments[0], Case(**json.loads(arguments[1])), arguments[2]
    steps = int(arguments[3])
    launch: dict[str, Any] = {"device": device, "threads": torch.get_num_threads()}
    set_up({**launch, "allocator": variant != "plain"}, 1)
    ranks = Ranks(device)
    prepared = prepare(case, ranks.device)
    if variant == "plain":
        one, note = plain_step(prepared, ranks), "fp32"
    else:
        one, note = product_step(prepared, ranks, variant)

    def work() -> int:
        for _ in range(steps):
            one()
        return steps * prepared.batch

    serve(work, device, note)


def plain_step(prepared: Prepared, ranks: Ranks) -> Callable[[], object]:
    """The plain step, its pictures in floats of every stage as a published loader gives them."""
    optim = prepared.run.config["optim"]
    plain = PlainStep(prepared.system, optim["generator"]["lr"], optim["discriminator"]["lr"])
    size, device = prepared.batch, ranks.device
    batches = [
        prepared.with_pyramid(prepared.batches.at(number * size), device) for number in range(4)
    ]
    turn = itertools.count()

    def one() -> object:
        number = next(turn)
        noise = Step(0, number * size, size, slice(0, size), device)
        return plain.step(batches[number % len(batches)], noise)

    return one


def product_step(prepared: Prepared, ranks: Ranks, wanted: str) -> tuple[Callable[[], object], str]:
    """The product's step, from uint8 pictures as its own batches have them."""
    training = prepared.training(ranks, wanted)
    batches = [prepared.batches.at(number * prepared.batch) for number in range(4)]
    turn = itertools.count()

    def one() -> None:
        training.step(batches[next(turn) % len(batches)])

    return one, "bf16" if training.precision == torch.bfloat16 else "fp32"


if __name__ == "__main__":
    main(sys.argv[1:])
