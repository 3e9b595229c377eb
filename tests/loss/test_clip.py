from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from experiments.loss.clip import ClipLoss, temporal_constraint

ONES = {"video": 1.0, "frame": 1.0, "motion": 1.0, "constraint": 1.0}


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_a_third_each_as_published() -> None:
    """L_f = 1/(3 T) sum_i [l1(real) + l0(wrong) + l0(fake)], a third of it of three levels."""
    real, fake, wrong = torch.tensor([[2.0, 0.0]]), torch.tensor([[-1.0, 1.0]]), torch.zeros(1, 2)
    found = ClipLoss(ONES).discriminator("frame", real, fake, wrong, 3)
    expected = {
        "real": (softplus(-2) + softplus(0)) / 2,
        "fake": (softplus(-1) + softplus(1)) / 2,
        "wrong": softplus(0),
    }
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value / 9), name


def test_half_and_half_as_gan_cls_and_what_remains_without_wrong_ones() -> None:
    real, fake, wrong = torch.tensor([2.0]), torch.tensor([-1.0]), torch.tensor([0.0])
    loss = ClipLoss({"video": 2.0}, reduction="half")
    found = loss.discriminator("video", real, fake, wrong, 1)
    assert float(found["real"]) == pytest.approx(2 * softplus(-2))
    assert float(found["wrong"]) == pytest.approx(softplus(0))
    assert float(found["fake"]) == pytest.approx(softplus(-1))
    for reduction in ("third", "half"):
        alone = ClipLoss({"video": 1.0}, reduction=reduction)  # type: ignore[arg-type]
        terms = alone.discriminator("video", real, fake, None, 1)
        assert set(terms) == {"real", "fake"}
        assert float(terms["real"]) == pytest.approx(softplus(-2))
        assert float(terms["fake"]) == pytest.approx(softplus(-1))


def test_the_generators_share_of_a_level_and_of_the_constraint() -> None:
    loss = ClipLoss(ONES)
    assert float(loss.generator("video", torch.tensor([0.0]), 3)) == pytest.approx(softplus(0) / 3)
    values = torch.tensor([0.0, 2.0, 2.0]).view(1, 1, 3, 1, 1)
    assert float(loss.constraint(values, 3)) == pytest.approx(2 / 3)


def values(steps: list[float]) -> Tensor:
    return torch.tensor(steps).view(1, 1, -1, 1, 1).expand(2, 3, -1, 4, 5)


def test_the_constraint_is_a_mean_and_zero_where_nothing_moves() -> None:
    assert float(temporal_constraint(values([3.0, 3.0, 3.0]))) == 0
    assert float(temporal_constraint(values([0.0, 1.0, 3.0]))) == pytest.approx((1 + 4) / 2)


def test_gradients_reach_both_frames_of_a_difference() -> None:
    clip = values([0.0, 1.0, 3.0]).clone().requires_grad_()
    temporal_constraint(clip).backward()
    assert clip.grad is not None
    size = 2 * 3 * 2 * 4 * 5
    expected = torch.tensor([-2.0, 2 - 4.0, 4.0]) / size
    torch.testing.assert_close(clip.grad[0, 0, :, 0, 0], expected)
