from __future__ import annotations

import math

import pytest
import torch

from experiments.loss.distinctive import DistinctiveLoss


def test_both_sides_by_hand() -> None:
    """Two classes with logits 0 and ln 3: shares of a quarter and three quarters."""
    speech = torch.tensor([[0.0, math.log(3)], [0.0, math.log(3)]])
    found = DistinctiveLoss()(speech, torch.zeros(2, 2), torch.tensor([1, 0]))
    expected = (-math.log(0.75) - math.log(0.25)) / 2
    assert found["class_of_speech"].item() == pytest.approx(expected, rel=1e-6)
    assert found["class_of_image"].item() == pytest.approx(math.log(2), rel=1e-6)
    assert found.keys() == {"class_of_speech", "class_of_image"}


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(AssertionError, match="negative"):
        DistinctiveLoss(-1)
