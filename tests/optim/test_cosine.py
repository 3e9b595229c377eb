from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from experiments.optim.adam import Adam
from experiments.optim.cosine import cosine


def test_r3gans_rate_by_hand() -> None:
    """2e-4 to 5e-5: a quarter and half of the way, and what stays."""
    adam = Adam(2e-4, lr_end=5e-5, cosine_images=1000)
    found = [adam.rate(images) for images in (0, 250, 500, 1000, 10**9)]
    assert found == pytest.approx([2e-4, 1.78033e-4, 1.25e-4, 5e-5, 5e-5], rel=1e-5)
    assert cosine(2.0, 0.2, 50, 100) == pytest.approx(1.1)


def test_the_second_beta_goes_with_it() -> None:
    adam = Adam(1e-3, (0.0, 0.9), beta2_end=0.99, cosine_images=100)
    weight = nn.Parameter(torch.ones(2))
    optimiser = adam.build([weight])
    for images, expected in ((0, 0.9), (50, 0.945), (200, 0.99)):
        for group in optimiser.param_groups:
            adam.apply(group, images)
            assert group["lr"] == 1e-3 and group["betas"] == pytest.approx((0.0, expected))
        weight.grad = torch.ones(2)
        optimiser.step()
    assert weight.isfinite().all() and (weight < 1).all()


@pytest.mark.parametrize(
    "wrong", [{"lr_end": 1e-4}, {"beta2_end": 0.9}, {"lr_end": -1.0, "cosine_images": 5}]
)
def test_values_that_mean_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match=r"cosine_images|must"):
        Adam(1e-3, **wrong)
