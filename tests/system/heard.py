"""A batch of recordings and pictures, as a system that hears is given one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import PICTURE, Pictures
from experiments.data.view.speech import SPEECH
from experiments.encoder.sed import SED
from experiments.system.seeding import Step

BINS = 5
FRONTEND: Any = SimpleNamespace(shape=(BINS,), normalise=lambda frames, lengths: frames)


def small_sed(**options: Any) -> SED:
    return SED(FRONTEND, **{"dim": 8, "channels": (6, 6), "attention": 4} | options)


def heard_batch(network: Any, labels: tuple[int, ...] = (0, 1, 1, 2)) -> tuple[Batch, Step]:
    """Recordings of 64 to 73 frames beside pictures of 16 px."""
    generator = torch.Generator().manual_seed(0)
    count, lengths = len(labels), torch.arange(len(labels)) * 3 + 64
    frames = torch.randn(count, int(lengths.max()), BINS, generator=generator)
    frames *= (torch.arange(frames.shape[1]) < lengths[:, None])[..., None]
    steps = network.steps(lengths) if network.gives_words else None
    captions = Captions(frames, lengths, steps=steps)
    pictures = Pictures([torch.randn(count, 3, 16, 16, generator=generator)])
    views = {SPEECH: captions, PICTURE: pictures}
    rows = torch.arange(count)
    batch = Batch(rows, torch.tensor(labels), torch.zeros(count, 0, dtype=torch.int64), views)
    return batch, Step(0, 0, count, slice(0, count), torch.device("cpu"))
