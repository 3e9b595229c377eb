"""What float16 text features change in a step's gradients, and what float32 ones cost.

The step is AttnGAN's at a data set's widths, on noise, from fresh weights, and so is its text
encoder. All gradients are compared with those in fp32 with features in float32.
"""

from __future__ import annotations

import copy
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.case import Case, Prepared, opened, prepare
from benchmarks.row import Row
from experiments.data.batches import Batches
from experiments.data.store.feature import CaptionFeatures
from experiments.data.store.split import Split
from experiments.data.view.caption import CaptionView
from experiments.machine.rank import Ranks
from experiments.trainer.turn import Turn

TYPES = {"fp32": torch.float32, "float16": torch.float16}
CAPTIONS = 8_000  # encoded to be timed
SEEDS = 3
Number = type[np.floating[Any]]
Gradients = dict[str, Tensor]


def measure(options: Namespace) -> list[Row]:
    """Gradients of generator and discriminator by precision, the worst of three seeds; then time
    and disk."""
    torch.set_num_threads(options.threads)
    case = Case(options.model or "attngan", options.data or "cub", options.batch or 4, options.set)
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(SEEDS):
        made = prepare(case, torch.device("cpu"), seed)
        exact = gradients(made, "fp32", np.float32)
        others: dict[str, tuple[str, Number]] = {
            "fp32 with features in float16": ("fp32", np.float16),
            "bf16 with features in float32": ("bf16", np.float32),
            "bf16 with features in float16": ("bf16", np.float16),
        }
        for name, (precision, dtype) in others.items():
            changed = gradients(made, precision, dtype)
            for network, value in exact.items():
                share = float((changed[network] - value).norm() / value.norm())
                found.setdefault((name, network), []).append(share)
    rows = [
        Row("features", f"{case.name} in {name}, {network}'s gradient off", 100 * max(shares), " %")
        for (name, network), shares in found.items()
    ]
    return [*rows, *cost(made)]


def gradients(made: Prepared, precision: str, dtype: Number) -> Gradients:
    """Of one step from fresh weights, flat, by network."""
    views = [opened(view, made.batches.split, dtype) for view in made.system.views()]
    seed, batch = made.batches.seed, made.batch
    batches = Batches(made.batches.split, batch, seed, views, sampling=made.system.sampling)
    system = copy.deepcopy(made.system)  # a step leaves its mark on what asks for gradients
    training = replace(made, batches=batches, system=system).training(Ranks("cpu"), precision)
    training.initialise()
    found: Gradients = {}
    for turn in training.turns:  # keep weights: each phase's gradient is of the fresh ones
        turn.update = _keep(found, turn)  # type: ignore[method-assign, assignment]
    training.step(training.batches.at(0))
    return found


def _keep(found: Gradients, turn: Turn) -> Callable[[int], None]:
    def keep(images: int) -> None:
        parts = [p.grad.flatten() for p in turn.trained if p.grad is not None]
        found[turn.phase.name] = torch.cat(parts).clone()

    return keep


def cost(made: Prepared) -> list[Row]:
    """Seconds to encode captions in each type, and their bytes, for each thousand captions."""
    (view,) = (view for view in made.system.views() if isinstance(view, CaptionView))
    split, rows = many(made.batches.split), []
    for name, precision in TYPES.items():
        with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as folder:
            began = time.perf_counter()
            encode: Any = view.encoder.encode_text  # type: ignore[union-attr]
            CaptionFeatures.open(split, encode, "x", Path(folder), quiet=True, precision=precision)
            spent = time.perf_counter() - began
            size = sum(file.stat().st_size for file in Path(folder).rglob("*.npy"))
        per = f"in {name}, of 1,000 captions"
        rows.append(Row("features", f"seconds to encode {per}", 1000 * spent / CAPTIONS, " s"))
        rows.append(Row("features", f"disk {per}", size / 1e6 / (CAPTIONS / 1000), " MB"))
    return rows


def many(split: Split) -> Split:
    """The captions again and again."""
    rows: Sequence[int] = [row % len(split.tokens) for row in range(CAPTIONS)]
    assert isinstance(split.tokens, np.ndarray)
    return replace(split, tokens=split.tokens[rows], lengths=split.lengths[rows])
