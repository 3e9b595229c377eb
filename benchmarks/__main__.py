"""`make bench`: how fast the product is against a plain form of each of its parts.

Without --part, those that take minutes together; `--part all` also times every method at published
widths, compiled networks, peak memory, the quickstart and what each optimisation gives: an hour.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sys
from importlib import import_module
from pathlib import Path

import torch

from benchmarks.row import Row, table
from experiments.run.provenance import environment
from experiments.terminal.line import say, show

PARTS = {
    "step": "the training step of every method; --compile also with compiled networks",
    "data": "batches from the store against pictures opened one by one",
    "stores": "the three stores of pictures at 256 px against a DataLoader over their files",
    "frames": "recordings and songs as frames, read from the store against computed",
    "clips": "clips from the store against MP4 files decoded for each batch",
    "waiting": "whether a step waits for its batch",
    "processes": "a step of two processes, gradients that travel during the backward pass",
    "loss": "the word loss at once against caption by caption",
    "frontend": "log-mel frames of a batch at once against clip by clip",
    "inverse": "spectra of songs turned back into sound: what is lost, by rounds",
    "score": "the root in a Fréchet distance against torchmetrics' way",
    "operators": "ATen operators of a step, and values that are read from the device",
    "start": "how soon a command answers, and what it imports",
    "build": "four stages of 512 px built to load a checkpoint",
    "sample": "drawing pictures with a trained run",
    "spoken": "captions said to a run (--run): words wrong, and colours right, voice to picture",
    "page": "the page of a run (--run): until it can be used, until four pictures are seen",
    "refused": "sounds that are no description, and what a recogniser (--run) says to them",
    "busy": "what a run keeps of its speed beside a busy process",
    "memory": "peak memory of the step at batch 16",
    "quickstart": "from the command to the first step",
    "features": "text features in float16 against float32: gradients, time, disk",
    "leave-one-out": "the step without one optimisation at a time",
}
USUAL = ("step", "data", "stores", "frames", "clips", "loss", "frontend", "score", "start", "busy")


def main() -> None:
    """Measure what was asked for, print a table, and write JSON where asked."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # workers are ended on the way out
    options = parse()
    machine = describe(options)
    say("\n".join(f"{name + ':':<14}{value}" for name, value in machine.items()))
    rows: list[Row] = []
    try:
        for part in chosen(options.part):
            module = import_module(f"benchmarks.part.{part.replace('-', '_')}")
            for row in module.measure(options):
                rows.append(row)
    finally:  # what was found before a part failed took long enough
        if rows:
            show(table(rows))
        if options.json:
            content = {"machine": machine, "rows": [row.to_dict() for row in rows]}
            Path(options.json).write_text(json.dumps(content, indent=2) + "\n")


def chosen(parts: list[str]) -> list[str]:
    """Parts by name, in order; the usual ones where none was asked for."""
    if "all" in parts:
        return list(PARTS)
    return [part for part in PARTS if part in (parts or USUAL)]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    about = "\n".join(f"  {name:<15}{what}" for name, what in PARTS.items())
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description=f"{__doc__}\nparts (without --part: {', '.join(USUAL)}):\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--part", nargs="+", default=[], choices=("all", *PARTS), metavar="NAME", help="which parts"
    )
    parser.add_argument("--model", help="one recipe for step and leave-one-out, not their own")
    parser.add_argument("--data", help="whose widths: plumage, stamps or cub")
    parser.add_argument("--batch", type=int, help="images a step; the data's own by default")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="more settings")
    parser.add_argument("--run", metavar="FOLDER", help="the finished run of spoken and refused")
    parser.add_argument("--captions", type=int, metavar="N", help="that are said in spoken")
    parser.add_argument("--compile", action="store_true", help="also with compiled networks")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each variant")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", metavar="FILE", help="also write everything to a file")
    options = parser.parse_args(arguments)
    options.whole = "all" in options.part
    options.compile = options.compile or options.whole
    return options


def describe(options: argparse.Namespace) -> dict[str, str]:
    """The machine, as far as it explains a time."""
    found = environment()["cpu"]
    wanted = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16")
    flags = [flag for flag in wanted if flag in found["flags"]]
    clock = f"processor time of {options.threads} thread(s); wall where it is said"
    device = f"{found['model']}, {found['count']} cores"
    if options.device == "cuda":
        device, clock = f"{torch.cuda.get_device_name()}; {device}", "wall, device waited for"
    return {
        "machine": device,
        "instructions": " ".join(flags) or platform.machine(),
        "clock": clock,
        "versions": f"torch {torch.__version__}, Python {platform.python_version()}",
    }


if __name__ == "__main__":
    main()
