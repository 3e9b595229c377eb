from __future__ import annotations

import pytest
import torch

from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN


def trunk() -> CNN:
    torch.manual_seed(0)
    return CNN(widths=(4, 8), strides=(2, 2), global_width=10)


def test_one_head_for_each_attribute() -> None:
    model = Classifier(trunk(), {"crown.colour": 5, "pattern": 3}, num_classes=7)
    logits = model(torch.randn(2, 3, 16, 16))
    assert {name: tuple(x.shape) for name, x in logits.items()} == {
        "crown.colour": (2, 5),
        "pattern": (2, 3),
        "class": (2, 7),
    }


@pytest.mark.parametrize(("region_mean", "dim"), [(False, 10), (True, 18)])
def test_features_and_the_logits_of_scores(region_mean: bool, dim: int) -> None:
    model = Classifier(trunk(), {"pattern": 3}, num_classes=7, region_mean=region_mean).eval()
    images = torch.randn(2, 3, 16, 16)
    features, logits = model.features_and_logits(images)
    assert features.shape == (2, dim) == (2, model.feature_dim)
    torch.testing.assert_close(logits, model(images)["class"])


def test_score_attribute_can_be_chosen() -> None:
    model = Classifier(trunk(), {"wing": 4, "pattern": 3}, score_attribute="pattern").eval()
    assert model.features_and_logits(torch.zeros(1, 3, 16, 16))[1].shape == (1, 3)
    assert Classifier(trunk(), {"wing": 4, "pattern": 3}).score_attribute == "wing"


def test_heads_are_independent() -> None:
    """The loss of one attribute leaves the rows of the others alone."""
    model = Classifier(trunk(), {"wing": 4, "pattern": 3})
    model(torch.randn(2, 3, 16, 16))["pattern"].square().sum().backward()
    gradient = model.heads.weight.grad
    assert gradient is not None
    assert gradient[:4].eq(0).all() and gradient[4:].ne(0).any()


def test_nothing_to_classify_is_refused() -> None:
    with pytest.raises(AssertionError, match="attribute_values"):
        Classifier(trunk())
