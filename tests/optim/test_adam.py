from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.optim.adam import Adam


def test_constant_by_default() -> None:
    assert Adam(2e-4).rate(0) == Adam(2e-4).rate(10**9) == 2e-4


def test_decay_down_to_a_floor() -> None:
    """x 0.5 every 100 images, continuously, down to a tenth."""
    adam = Adam(1.0, decay=0.5, decay_images=100, floor=0.1)
    assert adam.rate(0) == 1.0
    assert adam.rate(50) == pytest.approx(0.5**0.5)
    assert adam.rate(100) == 0.5
    assert adam.rate(300) == 0.125
    assert adam.rate(400) == adam.rate(10**6) == 0.1


def test_a_stepped_decay_waits_for_the_end_of_each_stretch() -> None:
    adam = Adam(1.0, decay=0.5, decay_images=100, floor=0.25, stepped=True)
    rates = [adam.rate(images) for images in (0, 99, 100, 199, 200, 300)]
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_warmup_rises_in_a_line_and_multiplies_the_decay() -> None:
    adam = Adam(2.0, warmup=100, decay=0.5, decay_images=50)
    assert adam.rate(0) == 0.0
    assert adam.rate(50) == pytest.approx(2.0 * 0.5 * 0.5)
    assert adam.rate(100) == pytest.approx(2.0 * 0.25)


def test_to_zero_at_the_end_and_never_below() -> None:
    adam = Adam(1.0, warmup=10, decay_to_zero=200)
    assert adam.rate(5) == pytest.approx(0.5 * 0.975)
    assert adam.rate(100) == 0.5
    assert adam.rate(200) == adam.rate(300) == 0.0


def test_one_step_by_hand() -> None:
    """The first step of Adam is lr in the direction of the gradient; AdamW first shrinks by
    lr x weight decay."""
    weight = nn.Parameter(torch.tensor([2.0, -1.0]))
    optimiser = Adam(0.1, (0.5, 0.999), weight_decay=0.5).build([weight])
    weight.grad = torch.tensor([3.0, -4.0])
    optimiser.step()
    expected = torch.tensor([2.0, -1.0]) * (1 - 0.05) + torch.tensor([-0.1, 0.1])
    torch.testing.assert_close(weight.data, expected)


def test_the_second_step_uses_the_betas() -> None:
    """m = 0.5 * 0.5 g1 + 0.5 g2 = 1.25 and v = 0.9 * 0.1 g1^2 + 0.1 g2^2 = 0.49, before
    division by 1 - 0.5^2 and 1 - 0.9^2, for g1 = 1 and g2 = 2."""
    weight = nn.Parameter(torch.zeros(1))
    optimiser = Adam(1.0, (0.5, 0.9)).build([weight])
    for gradient in (1.0, 2.0):
        weight.grad = torch.tensor([gradient])
        before = weight.item()
        optimiser.step()
    assert before - weight.item() == pytest.approx((1.25 / 0.75) / (0.49 / 0.19) ** 0.5, rel=1e-5)
