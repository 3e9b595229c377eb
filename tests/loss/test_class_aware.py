"""The class-aware term, worked by hand."""

from __future__ import annotations

import pytest
import torch

from experiments.loss.class_aware import ClassAwareLoss

X = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
# X X^T = [[1, 0, 1], [0, 1, 1], [1, 1, 2]]: 8 / 9 on the mean.


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 0, 1], 8 / 9 / 2),  # the first two have a product of 0
        ([0, 1, 0], 0.0),  # 1 is more than the mean
        ([0, 0, 0], (8 / 9 - 2 / 3) / 2),  # six pairs of 0, 1 and 1
        ([0, 1, 2], 0.0),  # no pair; a picture and itself are none
    ],
)
def test_by_hand(labels: list[int], expected: float) -> None:
    assert float(ClassAwareLoss()(X, torch.tensor(labels))) == pytest.approx(expected)


def test_its_gradient_draws_a_class_together() -> None:
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(ClassAwareLoss()(x, torch.tensor([0, 0, 1])), x)
    after = X - 0.1 * gradient
    assert float(after[0] @ after[1]) > 0
    (still,) = torch.autograd.grad(ClassAwareLoss()(x, torch.tensor([0, 1, 2])), x)
    assert torch.equal(still, torch.zeros_like(X))


def test_the_released_weight_is_a_gate() -> None:
    assert ClassAwareLoss(50.0).weight == 50.0
    assert ClassAwareLoss(50.0, legacy=True).weight == 1.0
    assert ClassAwareLoss(0.0, legacy=True).weight == 0.0
