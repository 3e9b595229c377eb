"""`make bench`: how fast the training step and the data path are against a plain form of each.

python -m benchmarks [--part step|data|all] [--model NAME --data NAME] [--batch N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.case import Case
from benchmarks.loader import make_pictures
from benchmarks.turns import Timing, take_turns
from experiments.machine import has_bf16
from experiments.provenance import environment
from experiments.terminal import say, show

# The narrow four-stage networks of a CPU run, and the published three-stage ones.
CASES = (Case("attngan_4stage", "plumage"), Case("attngan", "cub", 2))
PICTURES = 96
HEADINGS = ("", "plain", "birdsong", "ratio", "images/s", "peak memory, plain", "birdsong")


def main() -> None:
    """Time what was asked for, print a table, and write JSON where asked."""
    options = parse()
    cases = list(CASES)
    if options.model or options.data or options.batch or options.set:
        model, data = options.model or "attngan_4stage", options.data or "plumage"
        cases = [Case(model, data, options.batch, options.set)]
    machine = describe(options)
    say("\n".join(f"{name + ':':<14}{value}" for name, value in machine.items()))
    results: list[dict[str, Any]] = []
    if options.part in ("step", "all"):
        for case in cases:
            results += time_step(case, options)
    if options.part in ("data", "all"):
        for case in cases:
            results += time_data(case, options)
    show(table(results))
    if options.json:
        content = {"machine": machine, "results": results}
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--part", choices=("step", "data", "all"), default="all")
    parser.add_argument("--model", help="a recipe of AttnGAN: attngan or attngan_4stage")
    parser.add_argument("--data", help="whose widths: plumage, stamps or cub")
    parser.add_argument("--batch", type=int, help="images a step; the data's own by default")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="more settings")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each variant")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", metavar="FILE", help="also write everything to a file")
    return parser.parse_args()


def describe(options: argparse.Namespace) -> dict[str, str]:
    """The machine, as far as it explains a time."""
    found = environment()["cpu"]
    wanted = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16")
    flags = [flag for flag in wanted if flag in found["flags"]]
    clock = f"processor time of {options.threads} thread(s)"
    device = f"{found['model']}, {found['count']} cores"
    if options.device == "cuda":
        device, clock = f"{torch.cuda.get_device_name()}; {device}", "wall, device waited for"
    return {
        "machine": device,
        "instructions": " ".join(flags) or platform.machine(),
        "clock": clock,
        "versions": f"torch {torch.__version__}, Python {platform.python_version()}",
    }


def time_step(case: Case, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Plain against the product in fp32 and, where the hardware has it, in bf16."""
    run = case.run()
    batch, stages = int(run.config["trainer"]["batch"]), run.config["generator"]["resolutions"]
    steps = max(1, 64 // (batch * max(1, stages[-1] // 64) ** 2))
    variants = ["plain", "fp32"]
    if has_bf16(torch.device(options.device)):
        variants.append("auto")
    passed = [json.dumps(case.to_dict()), options.device, str(steps)]
    commands = {name: ["benchmarks.step", name, *passed] for name in variants}
    timings = take_turns(
        commands, options.rounds, 1, f"step of {case.name}, batch {batch}", options.threads
    )
    sides = "/".join(map(str, stages))
    return [
        result(
            "step", f"{case.name} {sides} px, batch {batch}, {timings[name].note}", timings, name
        )
        for name in variants[1:]
    ]


def time_data(case: Case, options: argparse.Namespace) -> list[dict[str, Any]]:
    """JPEGs one by one against the store, at the resolutions of a case."""
    config = case.run().config
    sides, margin = config["generator"]["resolutions"], float(config["data"]["margin"])
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as name:
        made = make_pictures(Path(name), PICTURES, int(sides[-1] * margin))
        passed = [name, json.dumps(sides), str(margin), "16"]
        commands = {key: ["benchmarks.loader", key, *passed] for key in ("pictures", "cached")}
        timings = take_turns(commands, options.rounds, 1, f"data at {sides[-1]} px")
    timings["plain"] = timings.pop("pictures")
    title = f"{'/'.join(map(str, sides))} px from 500x375 JPEGs"
    found = result("data", title, timings, "cached")
    return [{**found, "store_seconds": made.seconds}]


def result(part: str, title: str, timings: dict[str, Timing], name: str) -> dict[str, Any]:
    plain, ours = timings["plain"], timings[name]
    return {
        "part": part,
        "case": title,
        "plain": asdict(plain),
        "birdsong": asdict(ours),
        "ratio": plain.seconds / ours.seconds,
        "images_per_second": ours.rate,
    }


def table(results: list[dict[str, Any]]) -> str:
    """Milliseconds an image of both, their ratio, images/s and peak memory."""
    rows: list[tuple[str, ...]] = [HEADINGS]
    for found in results:
        plain, ours = found["plain"], found["birdsong"]
        rows.append(
            (
                f"{found['part']}: {found['case']}",
                *(f"{short(1000 * side['seconds'])} ms" for side in (plain, ours)),
                f"{found['ratio']:.2f}",
                short(found["images_per_second"]),
                *(f"{side['memory'] / 2**30:.2f} GiB" for side in (plain, ours)),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = []
    for title, *cells in rows:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([title.ljust(widths[0]), *padded]))
    lines.insert(1, "-" * len(lines[0]))
    note = "Times are for one image; a ratio above 1 means that birdsong is faster."
    return "\n".join([*lines, "", note])


def short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
