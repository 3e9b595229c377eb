"""The training step: plain against the product in float32, in bfloat16 and compiled.

python -m benchmarks.part.step plain|fp32|auto|compiled CASE(JSON) DEVICE STEPS explain|brief
"""

from __future__ import annotations

import itertools
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from benchmarks.case import Case, Prepared, prepare
from benchmarks.flops import as_published, flops, peak
from benchmarks.row import Row, aligned, faster, short
from benchmarks.stopwatch import REST, Stopwatch, parts_of, watch_plain, watch_product
from benchmarks.turns import WARM_UP, Timing, serve, take_turns
from experiments.machine.rank import Ranks
from experiments.machine.setup import has_bf16, set_up
from experiments.system.seeding import Step
from experiments.trainer.assemble import image_size_of

# A CPU run's narrow networks, then those of the papers at batches that a CPU has time for.
SHORT = (Case("attngan_4stage", "plumage"), Case("attngan", "cub", 2))
WHOLE = (
    Case("attngan_4stage", "plumage"),
    Case("attngan", "cub", 4),
    Case("attngan_4stage", "cub", 2),
    Case("damsm", "cub", 16),
    Case("stackgan_stage2", "cub", 2),
    Case("stackgan_stage1", "cub", 32),
    Case("gan_cls", "cub", 64),
    Case("wav2pix", "folder", 64, ["data.root=."]),
    Case("tgans_c", "digits"),
    Case("cmcgan", "plumage_song"),
)
COMPILED = "compiled"
Work = Callable[[], object]


def measure(options: Namespace) -> Iterator[Row]:
    """Every case that was asked for."""
    cases: Sequence[Case] = WHOLE if options.whole else SHORT
    if options.model or options.data or options.batch or options.set:
        model, data = options.model or "attngan_4stage", options.data or "plumage"
        cases = (Case(model, data, options.batch, options.set),)
    for case in cases:
        yield from rows_of(case, options)


def rows_of(case: Case, options: Namespace) -> list[Row]:
    """A row for each variant of the product."""
    config = case.run().config
    batch, side = int(config["trainer"]["batch"]), image_size_of(config) or 0
    steps = max(1, 64 // (batch * max(1, side // 64) ** 2))
    variants = variants_of(options)
    timings = take_turns(
        {name: command(name, case, options.device, steps) for name in variants},
        options.rounds,
        WARM_UP,
        f"step of {case.name}, batch {batch}",
        options.threads,
    )
    rows = []
    model = timings["fp32"].found["model_flops"]
    for name in variants[1:]:
        ours, plain = timings[name], timings["plain"]
        large = f" {side} px" if side else ""  # clips and sounds have another size
        title = f"{case.name}{large}, batch {batch}, {ours.note}"
        row = faster("step", title, plain, ours, f"step {case.name} {ours.note}")
        row.remarks.extend(explained(plain, ours, model))
        if name == COMPILED:
            row.remarks.append(worth_compiling(timings[variants[-2]], ours, batch))
        rows.append(row)
    return rows


def variants_of(options: Namespace) -> list[str]:
    """What takes turns; bfloat16 only where the hardware has it."""
    found = ["plain", "fp32"]
    if has_bf16(torch.device(options.device)):
        found.append("auto")
    return [*found, COMPILED] if options.compile else found


def worth_compiling(eager: Timing, compiled: Timing, batch: int) -> str:
    """After how many steps the time that compiling takes is saved. It is that of the first turn,
    which has little else that later turns have not."""
    saved = (eager.seconds - compiled.seconds) * batch
    after = f"saved after {compiled.first / saved:,.0f} steps" if saved > 0 else "never saved"
    return f"compiling: {compiled.first:.0f} s of wall time, {after}"


def command(variant: str, case: Case, device: str, steps: int, explain: bool = True) -> list[str]:
    """The process of one variant. `explain`: whether it also says where its time goes."""
    passed = [json.dumps(case.to_dict()), device, str(steps), "explain" if explain else "brief"]
    return ["benchmarks.part.step", variant, *passed]


def explained(plain: Timing, ours: Timing, model: float) -> list[str]:
    """Where the time goes on both sides, and how much of the machine they use. `model`: FLOPs for
    an image in the published form of the networks, without gradients that are thrown away."""
    names = [name for name in {**plain.found["parts"], **ours.found["parts"]} if name != REST]
    cells: list[tuple[str, ...]] = [("ms for each image", "plain", ours.note)]
    for name in [*names, REST]:
        times = (side.found["parts"].get(name) for side in (plain, ours))
        cells.append((name, *("-" if time is None else short(1000 * time) for time in times)))
    cells.append(("GFLOP of the model", *[f"{model / 1e9:.2f}"] * 2))
    executed = (side.found.get("flops") for side in (plain, ours))
    cells.append(("GFLOP executed", *("-" if n is None else f"{n / 1e9:.2f}" for n in executed)))
    used = (model / side.seconds / side.found["peak"] for side in (plain, ours))
    cells.append(("model FLOP utilisation", *(f"{share:.0%}" for share in used)))
    peaks = [f"{side.found['peak'] / 1e9:.0f}" for side in (plain, ours)]
    cells.append(("peak (product of matrices), GFLOP/s", *peaks))
    return aligned(cells)


def main(arguments: list[str]) -> None:
    """Serve one variant. `plain` is the baseline, the others the product."""
    variant, case, device = arguments[0], Case(**json.loads(arguments[1])), arguments[2]
    steps, explain = int(arguments[3]), arguments[4] == "explain"
    launch: dict[str, Any] = {"device": device, "threads": torch.get_num_threads()}
    set_up({**launch, "allocator": variant != "plain"}, 1)
    ranks = Ranks(device)
    prepared = prepare(case, ranks.device)
    make = plain_step if variant == "plain" else product_step
    one, note, after = make(prepared, ranks, variant)

    def work() -> int:
        for _ in range(steps):
            one()
        return steps * prepared.batch

    serve(work, device, note, after if explain else dict)


def plain_step(
    prepared: Prepared, ranks: Ranks, _: str
) -> tuple[Work, str, Callable[[], dict[str, Any]]]:
    """The plain step, its pictures in floats of every stage as a published loader gives them."""
    plain, size, device = prepared.plain(), prepared.batch, ranks.device
    batches = [
        prepared.with_pyramid(prepared.batches.at(number * size), device) for number in range(4)
    ]
    turn = itertools.count()

    def one() -> object:
        number = next(turn)
        noise = Step(0, number * size, size, slice(0, size), device)
        return plain.step(batches[number % len(batches)], noise)

    def after() -> dict[str, Any]:
        found = {"flops": flops(one) / size, "peak": peak(device.type, torch.float32)}
        watch = Stopwatch(device.type)
        watch_plain(plain, watch)
        return found | {"parts": parts_of(one, watch, size, 1)}

    return one, "fp32", after


def product_step(
    prepared: Prepared, ranks: Ranks, variant: str
) -> tuple[Work, str, Callable[[], dict[str, Any]]]:
    """The product's step, from uint8 pictures as its own batches have them."""
    compiled, size = variant == "compiled", prepared.batch
    training = prepared.training(ranks, "fp32" if variant == "fp32" else "auto", compiled)
    batches = [prepared.batches.at(number * size) for number in range(4)]
    turn, clock = itertools.count(), ranks.device.type

    def one() -> None:
        training.step(batches[next(turn) % len(batches)])
        training.advance()

    def after() -> dict[str, Any]:
        found: dict[str, Any] = {"peak": peak(clock, training.precision)}
        if not compiled:  # what a compiled network computes cannot be counted
            found["flops"] = flops(one) / size
            with as_published(prepared.system):
                found["model_flops"] = flops(one) / size
        watch = Stopwatch(clock)
        watch_product(training, watch)
        return found | {"parts": parts_of(one, watch, size, 1)}

    note = "bf16" if training.precision == torch.bfloat16 else "fp32"
    return one, f"{note} compiled" if compiled else note, after


if __name__ == "__main__":
    main(sys.argv[1:])
