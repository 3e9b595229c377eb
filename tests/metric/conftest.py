"""Extracted values of made-up pictures, small enough to score in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from experiments.metric.result import Scored
from experiments.metric.rows import Rows
from experiments.metric.scores import PictureScores


@pytest.fixture
def collect() -> Callable[..., Rows]:
    """`collect(n, seed, shift)`: every row filled, two encoders, three attributes, and `repeats` of
    four captions, three of each."""

    def make(n: int = 120, seed: int = 0, shift: float = 0.0) -> Rows:
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator)

        sentences = draw(n, 8)
        stated = torch.randint(-1, 4, (n, 3), generator=generator)
        return {
            "features/efficientnet_lite0": draw(n, 16) + shift,
            "logits/efficientnet_lite0": 3 * draw(n, 5),
            "image_vectors/damsm": sentences + 0.1 * draw(n, 8),
            "image_vectors/independent": draw(n, 8),
            "sentence_vectors/damsm": sentences,
            "sentence_vectors/independent": draw(n, 8),
            "labels": torch.arange(n) % 10,
            "predicted": stated.clamp(min=0),
            "stated": stated,
            "repeats": draw(12, 16),
        }

    return make


@pytest.fixture
def compute() -> Callable[..., Scored]:
    """`compute(real, fake, ...)`: all scores of what was collected, in batches of 50."""

    def make(real: Rows, fake: Rows, *rest: Any, **options: Any) -> Scored:
        scores = PictureScores(*rest, **options)
        for rows, is_real in ((real, True), (fake, False)):
            seen = {name: values for name, values in rows.items() if name != "repeats"}
            for batch in zip(*(values.split(50) for values in seen.values()), strict=True):
                scores.update(dict(zip(seen, batch, strict=True)), real=is_real)
        if "repeats" in fake:
            repeats = {"features/efficientnet_lite0": fake["repeats"]}
            scores.repeat(repeats, torch.arange(12) // 3)
        return scores.compute()

    return make
