"""AuthPct: by hand, and copies against what is new."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.metric import Authenticity
from experiments.metric.authenticity import authentic
from experiments.metric.extractor import Given
from experiments.terminal.error import UserError


def draw(seed: int, n: int) -> Tensor:
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


def test_one_dimension_by_hand() -> None:
    """0, 1 and 3 are 1, 1 and 2 from their own nearest. 0.1 is nearer to 0 than that, 5 just as far
    from 3, which is not farther, and 6 farther."""
    found = authentic(torch.tensor([[0.0], [1], [3]]), torch.tensor([[0.1], [5], [6]]))
    assert found.each.tolist() == [0, 0, 1] and found.mean.item() == pytest.approx(1 / 3)


def test_equals_what_the_definition_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.metric.neighbour.CHUNK", 7)
    training, features = draw(0, 40).double(), draw(1, 25).double()
    away, nearest = torch.cdist(features, training).min(1)
    own = torch.cdist(training, training).fill_diagonal_(torch.inf).amin(1)
    expected = (away > own[nearest]).double()
    assert torch.equal(authentic(training, features).each, expected)


def test_copies_are_told_from_what_is_new() -> None:
    metric = Authenticity(Given(4))
    metric.update(draw(0, 200), of="training")
    metric.update(draw(0, 200) + 1e-3)
    assert metric.compute().mean < 0.02
    metric.reset()
    metric.update(draw(0, 200), of="training")
    metric.update(draw(1, 200))
    assert 0.4 < metric.compute().mean < 0.7


def test_too_few() -> None:
    metric = Authenticity(Given(4))
    metric.update(draw(0, 1), of="training")
    metric.update(draw(0, 3))
    with pytest.raises(UserError, match="1 of the 2 training images that are needed"):
        metric.compute()
