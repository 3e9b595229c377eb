"""The classifiers of Chen 2017 as their layers are drawn (section 3.1; figure of the networks)."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from experiments.encoder.chen import ChenCNN
from experiments.encoder.classifier import Classifier
from tests.released_size import conv, linear

PICTURE = {
    "shape": (3, 64, 64),
    "widths": (16, 16, 32, 32, 64, 64),
    "strides": (1,) * 6,
    "pools": (1, 2, 1, 1, 1, 2),
}


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_sound_classifier_has_the_layers_of_the_paper() -> None:
    """4, 8, 16 and 16 kernels; 1024, 128 and 13 units. Halved four times, 128 x 44 is 8 x 3."""
    found = Classifier(ChenCNN(), num_classes=13)
    layers = (
        conv(1, 4, 3, True) + conv(4, 8, 3, True) + conv(8, 16, 3, True) + conv(16, 16, 3, True)
    )
    layers += linear(16 * 8 * 3, 1024) + linear(1024, 128) + linear(128, 13)
    assert size(found) == layers == 530_941
    assert found.feature_dim == 128 and found(torch.randn(2, 1, 128, 44))["class"].shape == (2, 13)


def test_three_convolutions_are_the_first_three() -> None:
    """The other column of the paper's table of representations. Halved three times: 16 x 6."""
    found = ChenCNN(convolutions=3)
    assert found(torch.zeros(1, 1, 128, 44))[1].shape == (1, 128)
    with pytest.raises(AssertionError, match="convolutions: 1 to 4, of which widths are listed"):
        ChenCNN(convolutions=5)
    layers = conv(1, 4, 3, True) + conv(4, 8, 3, True) + conv(8, 16, 3, True)
    assert size(found) == layers + linear(16 * 16 * 6, 1024) + linear(1024, 128)


def test_unstrided_the_first_full_layer_alone_has_92_million_weights() -> None:
    """Why strides of 2 are the default: they are not drawn."""
    with torch.device("meta"):
        found = ChenCNN(strides=(1, 1, 1, 1))
    assert found.dense[0].weight.numel() == 16 * 128 * 44 * 1024 == 92_274_688


def test_the_picture_classifier_has_the_layers_of_the_paper() -> None:
    """16, 16, pooled, 32, 32, 64, 64, pooled: 64 px become 16 x 16."""
    with torch.device("meta"):
        found = Classifier(ChenCNN(**PICTURE), num_classes=13)  # type: ignore[arg-type]
    sides = [3, 16, 16, 32, 32, 64, 64]
    layers = sum(conv(a, b, 3, True) for a, b in pairwise(sides))
    layers += linear(64 * 16 * 16, 1024) + linear(1024, 128) + linear(128, 13)
    assert size(found) == layers == 16_983_197


def test_kinds_and_order_of_layers() -> None:
    kinds = [type(layer).__name__ for layer in ChenCNN(**PICTURE).convolutions]  # type: ignore[arg-type]
    plain = ["Conv2d", "ReLU"]
    assert kinds == [*plain, *plain, "MaxPool2d", *plain * 4, "MaxPool2d"]
    dense = ChenCNN().dense
    assert [type(layer).__name__ for layer in dense] == ["Linear", "Dropout", "ReLU"] * 2
    assert [layer.p for layer in dense if isinstance(layer, nn.Dropout)] == [0.7, 0.8]


def test_a_picture_of_another_side_is_resized_and_a_sound_is_not() -> None:
    network = ChenCNN((3, 16, 16), (2,), (2,), (1,), (4,), (0.0,)).eval()
    assert network(torch.randn(2, 3, 32, 32))[1].shape == (2, 4)
    with pytest.raises(AssertionError, match=r"it sees \[1, 128, 44\] and got \[1, 64, 64\]"):
        ChenCNN()(torch.randn(1, 1, 64, 64))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strides": (2, 2)}, "a stride and a pool"),
        ({"dropout": (0.5,)}, "a dropout"),
        ({"shape": (1, 1, 4), "pools": (2, 2, 2, 2)}, "too small"),
        ({"norm": "layer"}, "norm must be"),
    ],
)
def test_what_fits_no_network_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        ChenCNN(**options)  # type: ignore[arg-type]
