"""One case to time: a composed configuration, its networks, and pictures and captions of noise."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.assemble import compile_networks
from experiments.check import checked_compose
from experiments.config import build, choices, plain
from experiments.data.augment import crop_and_flip, pyramid
from experiments.data.batches import Batch, Batches
from experiments.data.captions import CaptionFeatures
from experiments.data.split import Split
from experiments.machine import precision
from experiments.prerequisite import Run
from experiments.ranks import Ranks
from experiments.system.attngan import AttnGAN
from experiments.train import Training

VOCABULARY = {"cub": 5450}  # words; others: as plumage has
DEFAULT_VOCABULARY = 81
BATCHES = 4  # that the pictures suffice for before they come again


@dataclass(frozen=True)
class Case:
    """A recipe at the widths that its data set's preset names. `batch`: null for the preset's."""

    model: str
    data: str
    batch: int | None = None
    overrides: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.model} {self.data}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def run(self) -> Run:
        """The run as the launcher would plan it, without what it would train first."""
        overrides = [f"model={self.model}", f"data={self.data}", "tracker=none"]
        overrides += ["metric.independent=null", "metric.classifier=null", *self.overrides]
        if self.batch is not None:
            overrides.append(f"trainer.batch={self.batch}")
        cfg = checked_compose(overrides)
        config = plain(cfg)
        config["encoder"]["pretrained"] = config["system"]["encoder"]["pretrained"] = None
        return Run(config, choices(cfg), Path("nowhere"), "benchmark", {}, overrides)


@dataclass
class Prepared:
    """What both forms of the step start from; the same seed gives both the same weights."""

    run: Run
    system: AttnGAN
    batches: Batches
    size: int

    @property
    def batch(self) -> int:
        return int(self.run.config["trainer"]["batch"])

    def training(self, ranks: Ranks, wanted: str) -> Training:
        """The product's step in a precision: auto, fp32 or bf16."""
        if self.run.config["trainer"]["channels_last"]:
            self.system.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.run.config["trainer"]["compile"]:
            compile_networks(self.system)
        optim = build(self.run.config["optim"])
        dtype = precision(wanted, ranks.device)
        return Training(self.run, ranks, self.system, self.batches, optim, dtype)

    def with_pyramid(self, batch: Batch, device: torch.device) -> Batch:
        """The batch as a published loader would hand it over: floats of every stage."""
        batch = batch.to(device)
        crops = crop_and_flip(batch.pixels, batch.offsets, batch.flips, self.size)
        return replace(batch, images=pyramid(crops, self.system.resolutions))


def prepare(case: Case, device: torch.device, seed: int = 0) -> Prepared:
    """Build a case. The text features are those of its text encoder, as for a real run."""
    run = case.run()
    torch.manual_seed(seed)
    words = VOCABULARY.get(case.data, DEFAULT_VOCABULARY)
    system: AttnGAN = build(run.config["system"], {"vocabulary_size": words})
    size, batch = system.resolutions[-1], int(run.config["trainer"]["batch"])
    length = int(size * float(run.config["data"]["margin"]))
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (BATCHES * batch, length, length, 3), dtype=np.uint8)
    split = split_of(images, int(run.config["data"]["max_words"]), words, rng)
    with torch.no_grad():
        tokens, lengths = torch.from_numpy(split.tokens), torch.from_numpy(split.lengths)
        encoded = [part.numpy() for part in system.encoder.encode_text(tokens, lengths)]
    features = CaptionFeatures(*encoded)
    batches = Batches(split, batch, seed, size, system.mismatch, features=features)  # type: ignore[arg-type]
    return Prepared(run, system.to(device).train(), batches, size)


def split_of(
    images: np.ndarray, max_words: int, vocabulary: int, rng: np.random.Generator
) -> Split:
    """The pictures (N, L, L, 3) with a random caption each, two pictures to a class."""
    count = len(images)
    lengths = rng.integers(max(1, max_words // 2), max_words + 1, count)
    tokens = rng.integers(1, vocabulary, (count, max_words))
    tokens[np.arange(max_words) >= lengths[:, None]] = 0
    return Split(
        name="train",
        images=images,
        keys=[str(number) for number in range(count)],
        captions=[["noise"]] * count,
        labels=np.arange(count) // 2,
        attributes=np.zeros((count, 0), np.int64),
        caption_start=np.arange(count + 1),
        caption_image=np.arange(count),
        tokens=tokens,
        lengths=lengths,
        mentions=np.zeros((count, 0), bool),
    )
