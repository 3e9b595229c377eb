"""Logits to losses: hand-worked values of every form."""

from __future__ import annotations

import math

import pytest
import torch

from experiments.loss.criterion import Criterion

LOGITS = torch.tensor([2.0, -0.5])


def softplus(*values: float) -> float:
    return sum(math.log1p(math.exp(value)) for value in values) / len(values)


def test_binary() -> None:
    loss = Criterion()
    assert float(loss.real(LOGITS)) == pytest.approx(softplus(-2, 0.5))
    assert float(loss.fake(LOGITS)) == pytest.approx(softplus(2, -0.5))
    assert float(loss.fool(LOGITS)) == pytest.approx(softplus(-2, 0.5))


def test_minimax_saturates_where_the_discriminator_is_sure() -> None:
    loss, binary = Criterion("minimax", 0.1), Criterion(label_smoothing=0.1)
    assert loss.real(LOGITS) == binary.real(LOGITS) and loss.fake(LOGITS) == binary.fake(LOGITS)
    assert float(loss.fool(LOGITS)) == pytest.approx(-softplus(2, -0.5))  # log(1 - D)
    sure = torch.tensor([-20.0], requires_grad=True)
    (saturated,) = torch.autograd.grad(loss.fool(sure), sure)
    (strong,) = torch.autograd.grad(binary.fool(sure), sure)
    assert float(saturated) == pytest.approx(-2.06e-9, rel=0.01)  # minus D itself
    assert float(strong) == pytest.approx(-1.0)


def test_hinge() -> None:
    loss = Criterion("hinge")
    assert float(loss.real(LOGITS)) == pytest.approx((0 + 1.5) / 2)
    assert float(loss.fake(LOGITS)) == pytest.approx((3 + 0.5) / 2)
    assert float(loss.fool(LOGITS)) == pytest.approx(-0.75)


def test_least_squares() -> None:
    loss = Criterion("least_squares", label_smoothing=0.1)
    assert float(loss.real(LOGITS)) == pytest.approx((1.1**2 + 1.4**2) / 2)
    assert float(loss.fake(LOGITS)) == pytest.approx((4 + 0.25) / 2)
    assert float(loss.fool(LOGITS)) == pytest.approx((1 + 2.25) / 2)


def test_the_hinge_has_no_targets_to_smooth() -> None:
    with pytest.raises(AssertionError, match="no targets"):
        Criterion("hinge", label_smoothing=0.1)
    with pytest.raises(AssertionError, match=r"\[0, 1\)"):
        Criterion(label_smoothing=1.0)


def test_extreme_logits_keep_finite_values_and_gradients() -> None:
    logits = torch.tensor([500.0, -500.0], requires_grad=True)
    loss = Criterion().fool(logits)
    loss.backward()
    assert loss.item() == pytest.approx(250.0)
    torch.testing.assert_close(logits.grad, torch.tensor([0.0, -0.5]))


@pytest.mark.parametrize("form", ["binary", "minimax", "hinge", "least_squares"])
def test_bfloat16_logits_give_a_float32_loss(form: str) -> None:
    logits = torch.zeros(3, dtype=torch.bfloat16)
    loss = Criterion(form)  # type: ignore[arg-type]
    for kind in (loss.real, loss.fake, loss.fool):
        assert kind(logits).dtype == torch.float32
