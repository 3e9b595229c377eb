from __future__ import annotations

from math import e

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from experiments.loss.kl import kl_loss, kl_sum


def test_standard_normal_has_none() -> None:
    assert kl_loss(torch.zeros(2, 3), torch.zeros(2, 3)) == 0
    assert kl_sum(torch.zeros(2, 3), torch.zeros(2, 3)) == 0


def test_by_hand() -> None:
    """mu = (1, 0), sigma^2 = (1, e): half of 1 and half of e - 2."""
    mu, logvar = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert float(kl_sum(mu, logvar)) == pytest.approx(0.5 + (e - 2) / 2)
    assert float(kl_loss(mu, logvar)) == pytest.approx((0.5 + (e - 2) / 2) / 2)


def test_equals_the_divergence_of_torch() -> None:
    torch.manual_seed(0)
    mu, logvar = torch.randn(5, 7), torch.randn(5, 7)
    exact = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_sum(mu, logvar), exact.sum(1).mean())
    torch.testing.assert_close(kl_loss(mu, logvar), exact.mean())
