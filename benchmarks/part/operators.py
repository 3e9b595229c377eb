"""Operators of a whole step of three stages at the published batch, and values read in it.

python -m benchmarks.part.operators VARIANT
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter

import torch

from benchmarks.case import Case, prepare
from benchmarks.counting import operators, scalar_reads
from benchmarks.row import Row
from benchmarks.turns import serve, take_turns
from experiments.machine.rank import Ranks
from experiments.system.seeding import Step

# As many layers as are published, all of them narrow: the widths change no count.
CASE = Case(
    "attngan",
    "cub",
    20,
    [
        "data.preset.generator_width=2",
        "data.preset.discriminator_width=2",
        "generator.initial_width=16",
        "data.preset.encoder_size=64",
        "data.preset.encoder_input=64",
        "data.preset.first_resolution=16",
    ],
)
VARIANTS = ("plain", "fp32", "auto")


def measure(options: Namespace) -> list[Row]:
    """Counts of the product in its own precision; those of plain and of float32 are remarks."""
    timings = take_turns(
        {name: ["benchmarks.part.operators", name] for name in VARIANTS},
        1,
        0,
        "operators of attngan, batch 20",
        options.threads,
    )
    found = {name: timings[name].found for name in VARIANTS}
    ours = timings["auto"].note
    remarks = [
        f"{name}: {one['operators']:,} operators, {one['reads']} values read; most often "
        + ", ".join(f"{key.removeprefix('aten::')} {count}" for key, count in one["most"])
        for name, one in found.items()
    ]
    counts, reads = found["auto"]["operators"], found["auto"]["reads"]
    title = f"three stages, batch 20, {ours}"
    return [
        Row("operators", title, counts, "", "operators", remarks=remarks, details=found),
        Row("operators", f"values read between log lines, {title}", reads, "", "scalar reads"),
    ]


def counted(variant: str) -> tuple[Counter[str], str]:
    """The operators of a second step, and its precision: the first makes what is kept."""
    ranks = Ranks("cpu")
    prepared = prepare(CASE, ranks.device)
    size, batches = prepared.batch, prepared.batches
    if variant == "plain":
        plain, note = prepared.plain(), "fp32"

        def one(number: int) -> None:
            batch = prepared.with_pyramid(batches.at(number * size), ranks.device)
            plain.step(batch, Step(0, number * size, size, slice(0, size), ranks.device))

    else:
        training = prepared.training(ranks, variant)
        note = "bf16" if training.precision == torch.bfloat16 else "fp32"

        def one(number: int) -> None:
            training.step(batches.at(number * size))
            training.advance()

    one(0)
    with operators() as names:
        one(1)
    return names, note


def main(arguments: list[str]) -> None:
    """Serve one variant, whose turn is to count."""
    names, note = counted(arguments[0])
    found = {
        "operators": names.total(),
        "reads": scalar_reads(names),
        "most": names.most_common(5),
    }
    serve(lambda: 1, "cpu", note, lambda: found)


if __name__ == "__main__":
    main(sys.argv[1:])
