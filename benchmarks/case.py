"""One case to time: a composed configuration, its networks, and pictures and captions of noise."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.plain import PlainStep, plain_step
from experiments.config.build import build
from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.data.batches import Batch, Batches
from experiments.data.store.feature import CaptionFeatures
from experiments.data.store.item import Items
from experiments.data.store.recorder import STORED
from experiments.data.store.split import Split
from experiments.data.view.base import View
from experiments.data.view.caption import CaptionView
from experiments.data.view.clip import ClipView
from experiments.data.view.picture import PictureView
from experiments.data.view.sound import SoundView
from experiments.data.view.stranger import Strangers
from experiments.data.view.wrong_clip import WrongClips
from experiments.machine.rank import Ranks
from experiments.machine.setup import memory_format, precision
from experiments.run.prerequisite import Run
from experiments.run.pretrained import GROUPS, without_pretrained
from experiments.system.base import System
from experiments.trainer.assemble import compile_networks, image_size_of
from experiments.trainer.training import Training

VOCABULARY = {"cub": 5450}  # words; others: as plumage has
DEFAULT_VOCABULARY = 81
SMALLEST = 8  # px
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
        overrides += ["trainer.accumulate=1", *self.overrides]  # published steps take a whole batch
        if self.batch is not None:
            overrides.append(f"trainer.batch={self.batch}")
        cfg = checked_compose(overrides)
        config = without_pretrained(plain(cfg), *GROUPS, "system")
        return Run(config, choices(cfg), Path("nowhere"), "benchmark", {}, overrides)


@dataclass
class Prepared:
    """What both forms of the step start from; the same seed gives both the same weights."""

    run: Run
    system: System
    batches: Batches
    facts: dict[str, Any]

    @property
    def batch(self) -> int:
        return int(self.run.config["trainer"]["batch"])

    def training(self, ranks: Ranks, wanted: str, compiled: bool = False) -> Training:
        """The product's step in a precision: auto, fp32 or bf16."""
        layout = memory_format(self.run.config["trainer"]["channels_last"], ranks.device)
        self.system.to(memory_format=layout)  # type: ignore[call-overload]
        if compiled:
            compile_networks(self.system)
        optim = build(self.run.config["optim"])
        dtype = precision(wanted, ranks.device)
        return Training(self.run, ranks, self.system, self.batches, optim, dtype)

    def plain(self) -> PlainStep:
        """The plain step of the same networks."""
        return plain_step(self.system, self.run.config["optim"])

    def with_pyramid(self, batch: Batch, device: torch.device) -> Batch:
        """The batch as a published loader would hand it over: floats of every stage."""
        return self.batches.ready(batch.to(device))


def prepare(
    case: Case, device: torch.device, seed: int = 0, shortest: int | None = None
) -> Prepared:
    """Build a case. The text features are those of its text encoder, as for a real run.

    `shortest`: words of a caption; half of the longest by default.
    """
    run = case.run()
    torch.manual_seed(seed)
    batch, side = int(run.config["trainer"]["batch"]), image_size_of(run.config)
    facts = facts_of(VOCABULARY.get(case.data, DEFAULT_VOCABULARY))
    facts["class_count"] = BATCHES * batch // 2  # as `split_of` has them
    system: System = build(run.config["system"], facts)
    side = side or SMALLEST  # of cases without pictures
    length = int(side * float(run.config["data"]["margin"]))
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (BATCHES * batch, length, length, 3), dtype=np.uint8)
    longest = int(run.config["data"]["max_words"])
    split = split_of(images, longest, facts["vocabulary_size"], rng, shortest)
    batches = Batches(split, batch, seed, [opened(view, split) for view in system.views()])
    return Prepared(run, system.to(device).train(), batches, facts)


def opened(view: View, split: Split, dtype: type[np.floating] | None = None) -> View:
    """A view of a split that is in memory, with the features of its captions; stored ones are
    float16."""
    if isinstance(view, PictureView):
        return view.of(split)
    if isinstance(view, SoundView):
        return sounding(view, split)
    if isinstance(view, ClipView):
        return moving(view, split)
    assert isinstance(view, CaptionView), view.name
    if view.encoder is None:
        return view.of(split)
    with torch.no_grad():
        read = split.read_as(view.reads)
        tokens, lengths = map(torch.from_numpy, read.read(np.arange(len(read.lengths))))
        words, sentence = view.encoder.encode_text(tokens, lengths)  # type: ignore[operator]
    made = [
        None if x is None else x.numpy().astype(dtype or x.numpy().dtype) for x in (words, sentence)
    ]
    return view.of(split, CaptionFeatures(*made))  # type: ignore[arg-type]


def sounding(view: SoundView, split: Split) -> SoundView:
    """A view of sounds of noise, one of each record; wrong ones are of another class."""
    assert view.mismatch in ("none", "class"), view.mismatch
    found, count, frames = copy.copy(view), len(split.labels), view.excerpt.stored_count
    shape = (count * frames, *view.excerpt.frontend.shape)
    values = np.random.default_rng(1).normal(-40, 20, shape).astype(STORED)
    begin = np.arange(count) * frames
    found.split, found.strangers = split, Strangers(split.labels)
    found.stored = Items(values, begin, np.full(count, frames), np.arange(count + 1))
    return found


def moving(view: ClipView, split: Split) -> ClipView:
    """A view of clips of noise, one of each record; wrong ones are any other's."""
    assert view.wrong in (None, "clip"), view.wrong
    found, count, form = copy.copy(view), len(split.labels), view.form
    shape = (count, form.kept, form.stored, form.stored, form.channels)
    found.stored = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    found.split, found.places = split, np.arange(count)
    found.strangers = WrongClips(None, split, "clip")  # type: ignore[arg-type]
    return found


def facts_of(words: int) -> dict[str, Any]:
    """What data with a vocabulary of so many words would decide about networks."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = ["".join(letters[n // 26**k % 26] for k in (2, 1, 0)) for n in range(words - 2)]
    return {"vocabulary_size": words, "words": ["<end>", *names, "<unk>"], "vocabulary_hash": ""}


def split_of(
    images: np.ndarray,
    max_words: int,
    vocabulary: int,
    rng: np.random.Generator,
    shortest: int | None = None,
) -> Split:
    """The pictures (N, L, L, 3) with a random caption each, two pictures to a class."""
    count = len(images)
    lengths = rng.integers(shortest or max(1, max_words // 2), max_words + 1, count)
    tokens = rng.integers(1, vocabulary, (count, max_words))
    tokens[np.arange(max_words) >= lengths[:, None]] = 0
    return Split(
        name="train",
        images=images,
        keys=[str(number) for number in range(count)],
        captions=[[f"noise {number}"] for number in range(count)],
        labels=np.arange(count) // 2,
        attributes=np.zeros((count, 0), np.int64),
        caption_start=np.arange(count + 1),
        caption_image=np.arange(count),
        tokens=tokens,
        lengths=lengths,
        mentions=np.zeros((count, 0), bool),
    )
