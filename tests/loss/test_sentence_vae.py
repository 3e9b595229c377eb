"""The losses of the autoencoder of sentences."""

from __future__ import annotations

import pytest
import torch

from experiments.loss.sentence_vae import SentenceVAELoss, cross_entropy, square


def test_the_square_of_what_is_there() -> None:
    values = torch.tensor([[[1.0, 0], [9, 9]], [[0, 2], [2, 0]]])
    made = torch.tensor([[[0.0, 0], [0, 0]], [[0, 0], [0, 0]]])
    weights = torch.tensor([[1.0, 0], [1, 3]])
    # (1 + 0) / 2 of the first sentence; (1 * 4 + 3 * 4) / (2 * 4) of the second
    assert square(values, made, weights).item() == pytest.approx((0.5 + 2.0) / 2)


def test_padding_gives_no_gradient() -> None:
    made = torch.randn(2, 3, 4, requires_grad=True)
    weights = torch.tensor([[1.0, 1, 0], [0, 0, 0]])
    square(torch.randn(2, 3, 4), made, weights).backward()
    assert made.grad is not None and made.grad[0, :2].all()
    assert not made.grad[0, 2].any() and not made.grad[1].any()


def test_signed_vectors_have_a_bound_in_the_corrected_form_alone() -> None:
    """Negative numbers are told ever better by 0: the source's loss falls without end."""
    values = torch.tensor([[[-3.0]]])
    ones = torch.ones(1, 1)
    falling = [cross_entropy(values, torch.tensor([[[p]]]), ones).item() for p in (0.5, 1e-3, 1e-6)]
    assert falling[0] > falling[1] > falling[2] and falling[2] < -30
    assert square(values, torch.tensor([[[0.0]]]), ones).item() == 9
    assert square(values, values, ones).item() == 0


def test_cross_entropy_of_numbers_in_zero_to_one() -> None:
    values = torch.tensor([[[1.0, 0.0]]])
    made = torch.tensor([[[0.5, 0.25]]])
    expected = (0.6931472 + 0.2876821) / 2
    assert cross_entropy(values, made, torch.ones(1, 1)).item() == pytest.approx(expected)
    ends = torch.tensor([[[0.0, 1.0]]])
    assert torch.isfinite(cross_entropy(values, ends, torch.ones(1, 1)))


def test_the_divergence_is_let_in_slowly() -> None:
    loss = SentenceVAELoss(beta=0.5, anneal_images=100)
    assert [loss.beta_at(images) for images in (0, 50, 100, 300)] == [0, 0.25, 0.5, 0.5]
    assert SentenceVAELoss().beta_at(0) == 1
