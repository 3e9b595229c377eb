"""Four stages of 512 px built to load a checkpoint: fresh weights first, or not at all.

python -m benchmarks.part.build plain|product FOLDER
"""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch

from benchmarks.case import Case, prepare
from benchmarks.counting import FACTORISATION, operators
from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from benchmarks.written import write_run
from experiments.sample.model import load

CASE = Case("attngan_4stage", "cub", 2)


def measure(options: Namespace) -> list[Row]:
    """Seconds of the processor, and the orthogonal initialisations that are computed."""
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as name:
        write_run(prepare(CASE, torch.device("cpu")), Path(name))
        timings = take_turns(
            {form: ["benchmarks.part.build", form, name] for form in ("plain", "product")},
            1,
            0,
            f"construction of {CASE.name}",
            options.threads,
        )
    plain, ours = timings["plain"], timings["product"]
    done = ours.found["initialisations"]
    return [
        faster("build", f"{CASE.name} 512 px and its checkpoint", plain, ours),
        Row("build", "orthogonal initialisations before a checkpoint is loaded", done, "", "build"),
    ]


def main(arguments: list[str]) -> None:
    """Serve one form."""
    variant, folder = arguments[0], Path(arguments[1])
    found: dict[str, Any] = {}

    def work() -> int:
        with operators() as names:
            model = load(folder)
            if variant == "plain":  # what a constructor with its own initial weights would do
                model.system.initialise()
        found["initialisations"] = names[FACTORISATION]
        return 1

    serve(work, "cpu", after=lambda: found)


if __name__ == "__main__":
    main(sys.argv[1:])
