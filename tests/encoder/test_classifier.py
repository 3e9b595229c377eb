from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from experiments.encoder.classifier import Classifier, FineTuned
from experiments.encoder.cnn import CNN
from experiments.encoder.part import PartCNN


def trunk() -> CNN:
    torch.manual_seed(0)
    return CNN(widths=(4, 8), strides=(2, 2), global_width=10)


def parts() -> PartCNN:
    torch.manual_seed(0)
    return PartCNN(widths=(4, 6), deep_width=5, parts=3)


def test_one_head_for_each_attribute() -> None:
    model = Classifier(trunk(), {"crown": 5, "pattern": 3}, num_classes=7)
    logits = model(torch.randn(2, 3, 16, 16))
    shapes = {name: tuple(x.shape) for name, x in logits.items()}
    assert shapes == {"crown": (2, 5), "pattern": (2, 3), "class": (2, 7)}


@pytest.mark.parametrize("image", [trunk(), parts()])
def test_features_and_the_logits_of_scores(image: nn.Module) -> None:
    model = Classifier(image, {"crown": 5, "pattern": 3}, 7, ["crown"]).eval()
    images = torch.randn(2, 3, 16, 16)
    features, logits = model.features_and_logits(images)
    assert features.shape == (2, model.feature_dim)
    torch.testing.assert_close(features, image(images)[1])
    torch.testing.assert_close(logits, model(images)["class"])
    again, by_name = model.read(images)
    assert torch.equal(again, features) and by_name.keys() == model.sizes.keys()


def test_score_attribute_can_be_chosen() -> None:
    model = Classifier(trunk(), {"wing": 4, "pattern": 3}, score_attribute="pattern").eval()
    assert model.features_and_logits(torch.zeros(1, 3, 16, 16))[1].shape == (1, 3)
    assert Classifier(trunk(), {"wing": 4, "pattern": 3}).score_attribute == "wing"


def test_heads_are_independent() -> None:
    model = Classifier(trunk(), {"wing": 4, "pattern": 3})
    model(torch.randn(2, 3, 16, 16))["pattern"].square().sum().backward()
    assert model.heads["wing"].weight.grad is None
    gradient = model.heads["pattern"].weight.grad
    assert gradient is not None and gradient.ne(0).any()


class Stare(nn.Module):
    """Looks at one place, wherever anything is."""

    def __init__(self, *places: tuple[int, int]) -> None:
        super().__init__()
        self.places = places

    def forward(self, features: Tensor) -> Tensor:
        maps = torch.full((len(features), len(self.places), *features.shape[2:]), -1e4)
        for k, (row, column) in enumerate(self.places):
            maps[:, k, row, column] = 0
        return maps


def test_an_attribute_of_a_part_is_read_from_its_place_alone() -> None:
    sizes = {"crown": 5, "tail": 5, "pattern": 3}
    model = Classifier(parts(), sizes, local_attributes=["crown", "tail"]).eval()
    assert model.heads["crown"].in_features == 6 and model.heads["pattern"].in_features == 18
    model.places = Stare((0, 0), (7, 7))  # type: ignore[assignment]
    images = torch.randn(1, 3, 32, 32)
    changed = images.clone()
    changed[:, :, 20:, 20:] = torch.randn(1, 3, 12, 12)  # the bottom right corner
    before, after = model(images), model(changed)
    torch.testing.assert_close(before["crown"], after["crown"], rtol=0, atol=0)
    assert not torch.allclose(before["tail"], after["tail"])
    assert not torch.allclose(before["pattern"], after["pattern"])


def test_places_are_learned() -> None:
    model = Classifier(parts(), {"crown": 5}, local_attributes=["crown"])
    model(torch.randn(2, 3, 16, 16))["crown"].square().sum().backward()
    assert model.places is not None
    for name, parameter in model.places.named_parameters():
        if not name.endswith("1.bias"):  # a bias of all places alike changes no softmax
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_another_trunk_has_no_places() -> None:
    model = Classifier(trunk(), {"crown": 5}, local_attributes=["crown"])
    assert model.places is None and model.local_attributes == []
    assert model.heads["crown"].in_features == model.feature_dim == 10


def test_impossible_choices_are_refused() -> None:
    with pytest.raises(AssertionError, match="attribute_values"):
        Classifier(trunk())
    with pytest.raises(AssertionError, match="none of them"):
        Classifier(trunk(), {"crown": 5}, local_attributes=["wing"])
    with pytest.raises(AssertionError, match="no head"):
        Classifier(trunk(), {"crown": 5}, score_attribute="class")
    with pytest.raises(AssertionError, match="twice"):
        Classifier(trunk(), {"class": 5}, num_classes=5)


def test_a_frozen_trunk_is_trained_on() -> None:
    image = trunk().requires_grad_(False).eval()
    model = FineTuned(image, class_count=7)
    assert model.sizes == {"class": 7} and model.score_attribute == "class"
    model(torch.randn(2, 3, 16, 16))["class"].square().mean().backward()
    assert all(parameter.grad is not None for parameter in image.parameters())


def test_what_only_clips_show_is_not_read_in_pictures() -> None:
    sizes = {"crown": 3, "action": 4, "size": 2}
    network = Classifier(CNN((4, 8), (2, 2), global_width=6), sizes, moving_attributes=["action"])
    assert network.sizes == {"crown": 3, "size": 2}
    told = dict(network.told(torch.tensor([[0, 1, 2], [2, 3, 1]])))
    assert {name: column.tolist() for name, column in told.items()} == {
        "crown": [0, 2],
        "size": [2, 1],
    }
