from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from experiments.encoder.answers import Answers
from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN


class Told(nn.Module):
    """A classifier that answers what it is told: logits of a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes = {"wing": 4, "tail": 2}

    def forward(self, values: Tensor) -> dict[str, Tensor]:
        return {"wing": values[:, :4], "tail": values[:, 4:]}


def test_each_answer_has_its_place_and_attributes_weigh_alike() -> None:
    logits = torch.tensor([[100.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, -100.0, 100.0]])
    found = Answers(Told(), 8).features(logits)  # type: ignore[arg-type]
    # sqrt(n) (p - 1 / n): of 4 values and a sure answer 2 * 3 / 4 and 2 * -1 / 4; of 2, sqrt(2) / 2
    wing = [1.5, -0.5, -0.5, -0.5]
    tail = [-(0.5**0.5), 0.5**0.5]
    expected = torch.tensor([[*wing, 0, 0, 0, 0], [0, 0, 0, 0, *tail, 0, 0]])
    torch.testing.assert_close(found, expected)


def test_as_many_features_as_a_generator_is_told() -> None:
    torch.manual_seed(0)
    classifier = Classifier(CNN((4, 8), (2, 2), global_width=10), {"wing": 4, "tail": 3})
    model = Answers(classifier, 16).eval()
    found = model.features(torch.randn(2, 3, 16, 16))
    assert model.feature_dim == 16 and found.shape == (2, 16)
    assert found[:, :7].ne(0).all() and found[:, 7:].eq(0).all()
    assert not hasattr(model, "excerpt")
    with pytest.raises(AssertionError, match="7 answers"):
        Answers(classifier, 6)
