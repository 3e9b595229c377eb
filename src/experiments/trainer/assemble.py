"""What a composed configuration stands for: its data and its networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from experiments.config.build import build
from experiments.data.batches import Batches
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.view.base import usable
from experiments.machine.rank import Ranks
from experiments.machine.setup import memory_format
from experiments.run.weight import load_pretrained
from experiments.system.base import System
from experiments.terminal.line import say_once


def built(node: Any, facts: dict[str, Any] | None = None, path: str = "") -> Any:
    """`build`, for nodes that ask for the weights of finished runs."""
    return build(node, facts, path, load_pretrained)


def open_data(config: dict[str, Any], ranks: Ranks) -> Dataset:
    """The data set at the size that the run's largest stage needs; said once."""
    data = config["data"]
    side = image_size_of(config)
    dataset = open_dataset(
        build(data["reader"]),
        None if side is None else int(side * float(data["margin"])),
        Path(config["paths"]["cache"]),
        int(data["max_words"]),
        quiet=not ranks.main,
    )
    say_once(dataset.summary)
    return replace(dataset, flip=bool(data["flip"]))


def image_size_of(config: dict[str, Any]) -> int | None:
    """Side of the largest pictures that a system is given, None where it is given none."""
    resolutions = (config.get("generator") or {}).get("resolutions") or [None]
    side = config["system"].get("image_size") or resolutions[-1]
    return None if side is None else int(side)


def build_system(config: dict[str, Any], facts: dict[str, Any], ranks: Ranks) -> System:
    """The networks of a configuration on the device, as `trainer` wants them laid out."""
    system: System = built(config["system"], facts).to(ranks.device)
    layout = memory_format(config["trainer"]["channels_last"], ranks.device)
    return system.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def compile_networks(system: System) -> None:
    """Compile what the phases call, in place: names of weights stay, and so do checkpoints.

    Each as one graph, or not at all: one that falls into parts loses most of what it gains. The
    averaged copies are not compiled: they see batches of many sizes, and rarely. The compiler is
    told here whether `make_deterministic` wants the same bits, and not to cut graphs into the
    buckets of several processes: a network is the same graph with any number of them.
    """
    torch._dynamo.config.optimize_ddp = False
    torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled(), warn_only=True)
    for network in system.compiled():
        network.compile(fullgraph=True)


def open_batches(config: dict[str, Any], system: System, dataset: Dataset, ranks: Ranks) -> Batches:
    """This process's batches of the training split, of what the system asks for."""
    views = [
        view.open(dataset, dataset.train, ranks.device, quiet=not ranks.main)
        for view in system.views()
    ]
    return Batches(
        dataset.train,
        int(config["trainer"]["batch"]),
        int(config["seed"]),
        views,
        ranks.rank,
        ranks.processes,
        system.sampling,
    )


def usable_by(system: System, dataset: Dataset, ranks: Ranks) -> Dataset:
    """The data set without the records that a view of the system cannot use; said where that is
    another one."""
    found = usable(dataset, system.views(), quiet=not ranks.main)
    if found is not dataset:
        say_once(found.summary)
    return found
