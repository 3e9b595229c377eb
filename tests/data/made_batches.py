"""Batches of captions and pictures of a split, without a system that asks for them."""

from __future__ import annotations

import dataclasses
from typing import Any

from torch import Tensor, nn

from experiments.data.batches import Batch, Batches
from experiments.data.store.feature import CaptionFeatures
from experiments.data.store.split import Split
from experiments.data.view.caption import CAPTION, CaptionView
from experiments.data.view.picture import PictureView


def make_batches(
    split: Split,
    batch: int,
    seed: int,
    crop: int,
    mismatch: Any = "none",
    rank: int = 0,
    num_processes: int = 1,
    features: CaptionFeatures | None = None,
    flip: bool = True,
    sampling: Any = "images",
    wrong_images: bool = False,
    captions: int = 1,
) -> Batches:
    """Crops of `crop` px. The captions are read as the split has them."""
    encoder = None if features is None else nn.Identity()
    text = CaptionView("words", mismatch, encoder, captions).of(split, features)
    text.split = split  # which may be read otherwise
    pictures = PictureView([crop], CAPTION if wrong_images else None).of(split, flip)
    return Batches(split, batch, seed, [text, pictures], rank, num_processes, sampling)


def flat(batch: Batch) -> dict[str, Tensor]:
    """Every tensor of a batch by its name."""
    found = {name: getattr(batch, name) for name in ("rows", "labels", "attributes")}
    for view, part in batch.views.items():
        for field in dataclasses.fields(part):
            if (value := getattr(part, field.name)) is not None:
                found[f"{view}.{field.name}"] = value
    return found
