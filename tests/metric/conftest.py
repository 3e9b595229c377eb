"""Extracted values of made-up pictures, small enough to score in milliseconds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from experiments.metric.collected import Collected


@pytest.fixture
def collect() -> Callable[..., Collected]:
    """`collect(n, seed, shift)`: every entry filled, two encoders, three attributes."""

    def make(n: int = 120, seed: int = 0, shift: float = 0.0) -> Collected:
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator)

        sentences = draw(n, 8)
        stated = torch.randint(-1, 4, (n, 3), generator=generator)
        return Collected(
            features={"efficientnet_lite0": draw(n, 16) + shift},
            logits={"efficientnet_lite0": 3 * draw(n, 5)},
            image_vectors={"damsm": sentences + 0.1 * draw(n, 8), "independent": draw(n, 8)},
            sentence_vectors={"damsm": sentences, "independent": draw(n, 8)},
            labels=torch.arange(n) % 10,
            predicted=stated.clamp(min=0),
            stated=stated,
            repeats={"efficientnet_lite0": draw(4, 3, 16)},
        )

    return make
