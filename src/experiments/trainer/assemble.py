"""What a composed configuration stands for: its data and its networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from experiments.config.build import build
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.feature import CaptionFeatures
from experiments.machine.rank import Ranks
from experiments.machine.setup import memory_format
from experiments.metric.extractor import hash_weights
from experiments.run.weight import load_pretrained
from experiments.system.base import System
from experiments.terminal.line import say_once


def built(node: Any, facts: dict[str, Any] | None = None, path: str = "") -> Any:
    """`build`, for nodes that ask for the weights of finished runs."""
    return build(node, facts, path, load_pretrained)


def open_data(config: dict[str, Any], ranks: Ranks) -> Dataset:
    """The data set at the size that the run's largest stage needs; said once."""
    data = config["data"]
    image_size = image_size_of(config)
    dataset = open_dataset(
        build(data["reader"]),
        int(image_size * float(data["margin"])),
        Path(config["paths"]["cache"]),
        int(data["max_words"]),
        quiet=not ranks.main,
    )
    say_once(dataset.summary)
    return dataset


def image_size_of(config: dict[str, Any]) -> int:
    """Side of the largest pictures that a system is given."""
    system = config["system"]
    return int(system.get("image_size") or config["generator"]["resolutions"][-1])


def build_system(config: dict[str, Any], facts: dict[str, Any], ranks: Ranks) -> System:
    """The networks of a configuration on the device, as `trainer` wants them laid out."""
    system: System = built(config["system"], facts).to(ranks.device)
    layout = memory_format(config["trainer"]["channels_last"], ranks.device)
    return system.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def compile_networks(system: System) -> None:
    """Compile what the phases call, in place: names of weights stay, and so do checkpoints.

    Each as one graph, or not at all: one that falls into parts loses most of what it gains. The
    averaged copies are not compiled: they see batches of many sizes, and rarely. The compiler is
    told here whether `make_deterministic` wants the same bits.
    """
    torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled(), warn_only=True)
    for network in system.compiled():
        network.compile(fullgraph=True)


def caption_features(system: System, dataset: Dataset, ranks: Ranks) -> CaptionFeatures | None:
    """Captions encoded once, where the system's text encoder never changes."""
    encode = system.frozen_text()
    if encode is None:
        return None
    owner = getattr(encode, "__self__", system)
    split, cache = dataset.train.read_as(system.reads), dataset.folder
    return CaptionFeatures.open(
        split, encode, hash_weights(owner), cache, ranks.device, quiet=not ranks.main
    )
