"""Drawing pictures with a trained run: the networks in inference mode against the product.

python -m benchmarks.part.sample plain|fp32|auto|compiled FOLDER BATCH

Both read the same folder. `plain` is what a user would write around the networks: float32, the
default memory layout and allocator, no gradients.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch

from benchmarks.case import Case, prepare
from benchmarks.flops import as_published
from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from benchmarks.written import write_run
from experiments.data.view.caption import CAPTION
from experiments.machine.setup import set_up
from experiments.sample.model import Model, load

CASE, BATCH = Case("attngan", "cub", 8), 8
# By the bar that each is held against, if any.
VARIANTS = {"plain": None, "fp32": None, "auto": None, "compiled": "sample bf16 compiled"}


def measure(options: Namespace) -> list[Row]:
    """Published widths of three stages."""
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as name:
        write_run(prepare(CASE, torch.device("cpu")), Path(name))
        timings = take_turns(
            {n: ["benchmarks.part.sample", n, name, str(BATCH)] for n in VARIANTS},
            options.rounds,
            1,
            f"sampling of {CASE.name}, batch {BATCH}",
            options.threads,
        )
    plain, title = timings.pop("plain"), f"{CASE.name} 256 px, batch {BATCH}"
    return [
        faster("sample", f"{title}, {name}", plain, ours, VARIANTS[name])
        for name, ours in timings.items()
    ]


def captions_of(model: Model, count: int) -> list[str]:
    """Captions of words that the run knows, of many lengths."""
    rng = np.random.default_rng(0)
    words = [word for word in model.reader.words if word.isalpha()]  # type: ignore[attr-defined]
    return [" ".join(rng.choice(words, rng.integers(6, 18))) for _ in range(count)]


def main(arguments: list[str]) -> None:
    """Serve one form."""
    variant, folder, batch = arguments[0], Path(arguments[1]), int(arguments[2])
    launch = {"device": "cpu", "threads": torch.get_num_threads()}
    set_up({**launch, "allocator": variant != "plain"}, 1)
    compiled = variant == "compiled"
    precision = "auto" if compiled else "fp32" if variant == "plain" else variant
    model = load(folder, precision=precision, compiled=compiled)
    captions = captions_of(model, batch)
    seeds = list(range(batch))

    def work() -> int:
        if variant == "plain":
            with torch.inference_mode(), as_published(model.system):
                model.system.sample(model.read({CAPTION: captions}), seeds)
        else:
            model.stages(captions, seeds)
        return batch

    serve(work, "cpu")


if __name__ == "__main__":
    main(sys.argv[1:])
