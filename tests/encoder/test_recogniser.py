from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN
from experiments.encoder.part import PartCNN
from experiments.encoder.recogniser import Recogniser

SIZES = {"crown": 5, "pattern": 3, "wing": 4}
PICTURES = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def classifier(image: nn.Module) -> Classifier:
    torch.manual_seed(0)
    return Classifier(image, SIZES, None, ["crown", "wing"])


@pytest.mark.parametrize(
    ("image", "values"),
    [
        (PartCNN(widths=(4, 6), deep_width=5, parts=3), 3 * 6 + 2 * 6),
        (CNN(widths=(4, 8), strides=(2, 2), global_width=10), 10),
    ],
)
def test_what_its_heads_make_of_its_vector_is_what_the_classifier_says(
    image: nn.Module, values: int
) -> None:
    told = classifier(image)
    fixed = Recogniser(told)
    assert fixed.pooled_channels == values
    _, vector = fixed(PICTURES)
    assert vector.shape == (2, values)
    says, expected = fixed.says(vector), told.eval()(PICTURES)
    assert says.keys() == expected.keys()
    for name, logits in expected.items():
        torch.testing.assert_close(says[name], logits)


def test_every_head_reads_only_its_part_of_the_vector() -> None:
    fixed = Recogniser(classifier(PartCNN(widths=(4, 6), deep_width=5, parts=3)))
    vector = torch.randn(1, fixed.pooled_channels, requires_grad=True)
    read = {}
    for name, logits in fixed.says(vector).items():
        (gradient,) = torch.autograd.grad(logits.sum(), vector, retain_graph=True)
        read[name] = gradient[0].nonzero().flatten().tolist()
    assert read["pattern"] == list(range(18))
    assert read["crown"] == list(range(18, 24))
    assert read["wing"] == list(range(24, 30))


def test_it_is_a_fixed_function() -> None:
    fixed = Recogniser(classifier(CNN(widths=(4, 8), strides=(2, 2), global_width=10))).train()
    assert not any(module.training for module in fixed.modules())
    assert not any(parameter.requires_grad for parameter in fixed.parameters())
    torch.testing.assert_close(fixed(PICTURES)[1][:1], fixed(PICTURES[:1])[1])
