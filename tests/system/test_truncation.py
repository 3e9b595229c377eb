"""Noise within two deviations, and what draws from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from experiments.data.view.caption import CAPTION, Captions
from experiments.system.damsm import DAMSMTraining
from experiments.system.text_to_image import TextToImage
from experiments.system.truncation import truncated
from experiments.terminal.error import UserError


def test_its_spread_and_its_ends() -> None:
    """truncnorm(-2, 2) times 0.88: deviation 0.774071, at most 1.76; by distribution functions."""
    noise = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    found = truncated(noise, 0.88)
    assert found.std().item() == pytest.approx(0.774071, abs=3e-3)
    assert 1.7 < found.abs().max() <= 1.76
    assert (found[noise.argsort()].diff() >= 0).all(), "a seed stays recognisable"
    half = 0.5 * math.erf(math.sqrt(2))  # a quarter of the truncated distribution lies below ...
    (value,) = truncated(torch.tensor([0.6744898]), 1.0)
    assert 0.5 * math.erf(value / math.sqrt(2)) == pytest.approx(half / 2, abs=1e-6)
    assert truncated(noise, None) is noise


def test_a_system_draws_so_for_a_while(make_system: Callable[..., TextToImage]) -> None:
    system = make_system("gan_cls").eval()
    asked: dict[str, Any] = {CAPTION: Captions(torch.tensor([[2, 3]]), torch.tensor([2]))}
    plain = system.sample(asked, [7]).images[0]
    with system.truncating(0.5):
        other = system.sample(asked, [7]).images[0]
    assert not torch.equal(plain, other) and torch.equal(plain, system.sample(asked, [7]).images[0])


@pytest.mark.parametrize("scale", [0.0, -1.0, 1.5])
def test_no_scale(make_system: Callable[..., TextToImage], scale: float) -> None:
    with pytest.raises(UserError, match=r"metric\.truncation=.*: must be above 0"):
        make_system("gan_cls").require_truncation(scale, "metric.truncation")


def test_what_draws_of_other_noise_refuses() -> None:
    with pytest.raises(UserError, match="DAMSMTraining draws no pictures of captions; set it null"):
        DAMSMTraining.require_truncation(DAMSMTraining.__new__(DAMSMTraining), 0.88)
