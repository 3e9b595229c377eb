from __future__ import annotations

from typing import Any

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


def slopes(squares: list[float]) -> tuple[Tensor, Tensor]:
    """Inputs and logits whose gradient has these squares, picture by picture."""
    x = torch.zeros(len(squares), 1, requires_grad=True)
    return x, (x * torch.tensor(squares).sqrt()[:, None]).sum(1)


@pytest.mark.parametrize(("norm", "expected"), [("joint", 1.015625), ("sum", 7.545161)])
def test_the_matching_aware_penalty_by_hand(norm: Any, expected: float) -> None:
    """k 2, p 6; squares of picture and sentence (0.36, 0.64) and (0, 0.25)."""
    (x, of_x), (e, of_e) = slopes([0.36, 0.0]), slopes([0.64, 0.25])
    penalty = GradientPenalty(2.0, 6.0, True, norm=norm)
    value = penalty.weight * penalty(of_x + of_e, [x, e])
    assert value.item() == pytest.approx(expected, rel=1e-5)
    image, told = torch.randn(3, 2, requires_grad=True), torch.randn(3, 2, requires_grad=True)
    value = penalty.weight * penalty(0.6 * image[:, 0] + 0.8 * told[:, 0], [image, told])
    assert value.item() == pytest.approx({"joint": 2.0, "sum": 15.059078}[norm], rel=1e-5)


def test_r1_and_r2_by_hand() -> None:
    """gamma 0.05 and D(x) = 3 x1 + 4 x2: 0.625 each."""
    penalty = GradientPenalty(0.05 / 2, at="both", joined=True)
    places = penalty.places(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.zeros(1))
    assert set(places) == {"", "_fake"} and penalty.of_real and penalty.of_fake
    for x in places.values():
        value = penalty.weight_at(0) * penalty(linear(x, torch.zeros(1, 1)), [x])
        assert value.item() == pytest.approx(0.625)


def test_its_weight_follows_a_cosine_and_an_interval() -> None:
    penalty = GradientPenalty(2.0, weight_end=0.2, cosine_images=100, interval=4)
    assert [penalty.weight_at(n) for n in (0, 50, 100, 999)] == pytest.approx([8, 4.4, 0.8, 0.8])


@pytest.mark.parametrize(
    "wrong",
    [
        {"joined": True, "interval": 16},
        {"joined": True, "at": "between"},
        {"weight_end": 1.0},
        {"weight_end": -1.0, "cosine_images": 5},
    ],
)
def test_options_that_do_not_go_together(wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match=r"interval|at:|weight_end"):
        GradientPenalty(1.0, **wrong)


@pytest.mark.parametrize("wrong", [{"weight": -1.0}, {"power": 0.0}, {"interval": 0}])
def test_values_that_mean_nothing(wrong: dict[str, float]) -> None:
    with pytest.raises(AssertionError, match="must"):
        GradientPenalty(**wrong)  # type: ignore[arg-type]
