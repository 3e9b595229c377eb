from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.optim.adam import Adam
from experiments.optim.rmsprop import RMSprop


def test_two_steps_by_hand() -> None:
    """m = 0.9 m + 0.1 g^2, w -= lr g / sqrt(m): 0.1 * 9, then 0.09 * 9 + 0.1 * 4."""
    weight = nn.Parameter(torch.tensor([2.0]))
    optimiser = RMSprop(0.1, alpha=0.9).build([weight])
    expected, mean = 2.0, 0.0
    for gradient in (3.0, -2.0):
        weight.grad = torch.tensor([gradient])
        optimiser.step()
        mean = 0.9 * mean + 0.1 * gradient**2
        expected -= 0.1 * gradient / mean**0.5
        assert weight.item() == pytest.approx(expected, rel=1e-5)
    assert mean == pytest.approx(0.9 * 0.9 + 0.4)


def test_the_schedule_is_that_of_adam() -> None:
    settings = {"decay": 0.98, "decay_images": 6000, "warmup": 100, "floor": 0.1, "stepped": True}
    ours = RMSprop(7e-4, decay_to_zero=900_000, clip=5.0, **settings)  # type: ignore[arg-type]
    theirs = Adam(7e-4, decay_to_zero=900_000, clip=5.0, **settings)  # type: ignore[arg-type]
    for images in (0, 50, 6000, 700_000, 10**6):
        assert ours.rate(images) == theirs.rate(images)
    assert ours.clip == 5.0
    assert RMSprop(7e-4, decay=0.98, decay_images=6000).rate(12_000) == pytest.approx(
        7e-4 * 0.98**2
    )
