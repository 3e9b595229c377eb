from __future__ import annotations

from math import log

import pytest
import torch

from experiments.loss.adversarial import AdversarialLoss

REAL = (torch.tensor([2.0, 0.0]), torch.tensor([1.0, -1.0]))
FAKE = (torch.tensor([0.5, -0.5]), torch.tensor([3.0, 0.0]))
WRONG = torch.tensor([-2.0])


def softplus(*values: float) -> float:
    """Mean of log(1 + exp(x)): the loss of logits x against target 0; negate x for target 1."""
    return float(torch.tensor(values).exp().log1p().mean())


def test_five_terms_by_hand() -> None:
    terms = AdversarialLoss().discriminator(REAL, FAKE, WRONG)
    expected = {
        "conditional_real": softplus(-2, 0) / 2,
        "unconditional_real": softplus(-1, 1) / 2,
        "conditional_fake": softplus(0.5, -0.5) / 3,
        "unconditional_fake": softplus(3, 0) / 3,
        "conditional_wrong": softplus(-2) / 3,
    }
    assert {name: float(x) for name, x in terms.items()} == pytest.approx(expected)


def test_without_the_unconditional_head() -> None:
    terms = AdversarialLoss().discriminator((REAL[0], None), (FAKE[0], None), WRONG)
    expected = softplus(-2, 0) + (softplus(0.5, -0.5) + softplus(-2)) / 2
    assert float(sum(terms.values())) == pytest.approx(expected)


def test_without_wrong_pairs() -> None:
    loss = AdversarialLoss()
    both = float(sum(loss.discriminator(REAL, FAKE).values()))
    real, fake = softplus(-2, 0) + softplus(-1, 1), softplus(0.5, -0.5) + softplus(3, 0)
    assert both == pytest.approx((real + fake) / 2)
    plain = float(sum(loss.discriminator((REAL[0], None), (FAKE[0], None)).values()))
    assert plain == pytest.approx(softplus(-2, 0) + softplus(0.5, -0.5))


@pytest.mark.parametrize("wrong", [None, torch.zeros(4)])
@pytest.mark.parametrize("alone", [None, torch.zeros(4)])
def test_an_undecided_discriminator_has_the_same_loss_in_every_form(
    wrong: torch.Tensor | None, alone: torch.Tensor | None
) -> None:
    logits = (torch.zeros(4), alone)
    terms = AdversarialLoss().discriminator(logits, logits, wrong)
    assert float(sum(terms.values())) == pytest.approx(2 * log(2))


def test_generator_wants_both_logits_high() -> None:
    loss = AdversarialLoss()
    assert float(loss.generator(FAKE)) == pytest.approx(softplus(-0.5, 0.5) + softplus(-3, 0))
    assert float(loss.generator((FAKE[0], None))) == pytest.approx(softplus(-0.5, 0.5))


def test_smoothing_touches_real_targets_only() -> None:
    terms = AdversarialLoss(label_smoothing=0.1).discriminator(REAL, FAKE, WRONG)
    plain = AdversarialLoss().discriminator(REAL, FAKE, WRONG)
    # BCE(x, 0.9) = 0.9 BCE(x, 1) + 0.1 BCE(x, 0)
    expected = (0.9 * softplus(-2, 0) + 0.1 * softplus(2, 0)) / 2
    assert float(terms["conditional_real"]) == pytest.approx(expected)
    for name in ("conditional_fake", "unconditional_fake", "conditional_wrong"):
        assert torch.equal(terms[name], plain[name])
