"""The contrastive loss."""

from __future__ import annotations

import pytest
import torch

from experiments.loss.contrastive import ContrastiveLoss, distance


def test_hand_worked() -> None:
    loss = ContrastiveLoss(margin=1.0)
    far = distance(torch.tensor([[0.3, 0.0]]), torch.tensor([[0.0, 0.4]]))
    assert far.item() == pytest.approx(0.5)
    assert loss.right(far).item() == pytest.approx(0.25)
    assert loss.wrong(far).item() == pytest.approx(0.25)  # (1 - 0.5)^2


def test_nothing_is_left_of_pairs_that_are_equal_and_of_others_a_margin_away() -> None:
    loss = ContrastiveLoss()
    codes = torch.tensor([[0.2, 0.8]])
    assert loss.right(distance(codes, codes)).item() < 1e-6
    assert loss.wrong(distance(codes, codes + 1)).item() == 0
    assert loss.wrong(torch.tensor([1.0, 3.0])).sum().item() == 0


def test_the_gradient_is_finite_at_distance_zero() -> None:
    codes = torch.ones(2, 4, requires_grad=True)
    found = distance(codes, torch.ones(2, 4))
    (ContrastiveLoss().right(found) + ContrastiveLoss().wrong(found)).sum().backward()
    assert codes.grad is not None and torch.isfinite(codes.grad).all()
