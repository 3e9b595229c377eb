"""Conditioning augmentation in its three released forms."""

from __future__ import annotations

import pytest
import torch

from experiments.generator.augmentation import ConditionActivation, ConditioningAugmentation

FORMS: tuple[ConditionActivation, ...] = ("glu", "relu", "leaky_relu")


@pytest.mark.parametrize(("form", "outputs"), [("glu", 512), ("relu", 256), ("leaky_relu", 256)])
def test_published_widths(form: ConditionActivation, outputs: int) -> None:
    linear = ConditioningAugmentation(1024, 128, form).linear
    assert (linear.in_features, linear.out_features) == (1024, outputs)


@pytest.mark.parametrize("form", FORMS)
def test_the_mean_of_samples_is_mu_and_their_spread_sigma(form: ConditionActivation) -> None:
    torch.manual_seed(0)
    network = ConditioningAugmentation(4, 3, form)
    sentence = torch.randn(1, 4).expand(20_000, -1)
    condition, mu, logvar = network(sentence, torch.randn(20_000, 3))
    assert logvar is not None
    torch.testing.assert_close(condition.mean(0), mu[0], atol=0.05, rtol=0)
    torch.testing.assert_close(condition.std(0), (0.5 * logvar[0]).exp(), atol=0.05, rtol=0)


def test_relu_leaves_mu_positive_and_sigma_at_least_one() -> None:
    mu, logvar = ConditioningAugmentation(4, 3, "relu").moments(torch.randn(50, 4))
    assert logvar is not None and (mu >= 0).all() and (logvar >= 0).all()


def test_the_leaky_form_gives_log_sigma() -> None:
    network = ConditioningAugmentation(1, 1, "leaky_relu")
    torch.nn.init.zeros_(network.linear.weight)
    network.linear.bias.data = torch.tensor([3.0, -1.0])
    mu, logvar = network.moments(torch.zeros(1, 1))
    assert logvar is not None
    assert (mu.item(), logvar.item()) == pytest.approx((3.0, 2 * -0.2))


@pytest.mark.parametrize("form", FORMS)
def test_without_sampling_the_condition_is_mu(form: ConditionActivation) -> None:
    network = ConditioningAugmentation(4, 3, form, sampling=False)
    sentence = torch.randn(2, 4)
    condition, mu, logvar = network(sentence, torch.randn(2, 3))
    assert logvar is None and torch.equal(condition, mu)
    assert torch.equal(condition, network(sentence, torch.randn(2, 3))[0])
