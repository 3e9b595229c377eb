from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.loss.gradient_penalty import GradientPenalty


def linear(images: Tensor, told: Tensor) -> Tensor:
    """3 x0 + 4 x1 of each picture and 12 t of its sentence."""
    return images @ torch.tensor([3.0, 4.0]) + 12.0 * told[:, 0]


@pytest.mark.parametrize(
    ("power", "text", "expected"),
    [(2.0, False, 25.0), (2.0, True, 169.0), (6.0, False, 5.0**6), (1.0, True, 13.0)],
)
def test_the_gradient_of_a_linear_judge(power: float, text: bool, expected: float) -> None:
    images = torch.randn(5, 2, requires_grad=True)
    told = torch.randn(5, 1, requires_grad=True)
    inputs = [images, told] if text else [images]
    value = GradientPenalty(1.0, power, text)(linear(images, told), inputs)
    torch.testing.assert_close(value, torch.tensor(expected), rtol=1e-5, atol=0)


def test_the_mean_over_pictures_of_different_slope() -> None:
    images = torch.tensor([[1.0], [2.0]], requires_grad=True)
    value = GradientPenalty(1.0)(images.square().sum(1), [images])  # gradients 2 and 4
    assert value.item() == pytest.approx((4 + 16) / 2)


@pytest.mark.parametrize("power", [2.0, 6.0])
def test_it_trains_the_judge_and_is_flat_where_the_judge_is(power: float) -> None:
    weight = torch.zeros(3, requires_grad=True)
    images = torch.randn(4, 3, requires_grad=True)
    value = GradientPenalty(1.0, power)(images @ weight, [images])
    (gradient,) = torch.autograd.grad(value, weight)
    assert value < 1e-12 and gradient.isfinite().all() and not gradient.any()
    weight = torch.ones(3, requires_grad=True)
    value = GradientPenalty(1.0, power)(images @ weight, [images])
    (gradient,) = torch.autograd.grad(value, weight)
    # ||w||^p has the gradient p ||w||^(p - 2) w.
    torch.testing.assert_close(gradient, power * 3 ** (power / 2 - 1) * torch.ones(3))


@pytest.mark.parametrize("wrong", [{"weight": -1.0}, {"power": 0.0}, {"interval": 0}])
def test_values_that_mean_nothing(wrong: dict[str, float]) -> None:
    with pytest.raises(AssertionError, match="must"):
        GradientPenalty(**wrong)  # type: ignore[arg-type]
