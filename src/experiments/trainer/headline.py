"""What a run says of itself when it begins, and of its time when it has ended."""

from __future__ import annotations

import torch

from experiments.machine.thread import Threads
from experiments.run.prerequisite import Run
from experiments.terminal.line import duration, millions, number_of, say
from experiments.trainer.training import Training

TOLD = 60.0  # s: who takes less needs no word about it


def headline(run: Run, training: Training, threads: Threads) -> str:
    """From where to where a run trains, how, and how large its networks are."""
    counts = {
        name: sum(p.numel() for p in module.parameters())
        for name, module in training.system.named_children()
    }
    sizes = ", ".join(f"{name} {millions(count)}" for name, count in counts.items() if count)
    start = f"from {number_of(training.images, 'image')}" if training.images else "from the start"
    channels_last = training.layout == torch.channels_last
    form = ", ".join(
        (
            str(training.precision).removeprefix("torch."),
            "channels last" if channels_last else "channels first",
            "compiled" if training.compiled else "not compiled",
            f"{training.ranks.processes} x {training.ranks.device.type}",
            str(threads),
        )
    )
    variant = run.config.get("variant")
    told = f"{run.name} {run.id}" + (f" ({variant})" if variant is not None else "")
    return (
        f"{told}: {start} to {number_of(run.config['trainer']['images'], 'image')}, batch "
        f"{training.batch}, {form}; parameters: {sizes}"
    )


def tell_times(run: Run, training: float, scoring: float) -> None:
    """Where the time went, of runs that took a minute or more (s)."""
    if training + scoring >= TOLD:
        say(f"{run.name}: took {duration(training)} to train and {duration(scoring)} to score")
