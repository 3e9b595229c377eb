from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.loss.matching import MatchingLoss

# Unit vectors in the plane: cosines of picture i with recording j.
PICTURES = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
SPEECH = torch.tensor([[0.8, 0.6], [0.0, 1.0], [1.0, 0.0]])
COSINES = [[0.8, 0.0, 1.0], [0.6, 1.0, 0.0], [0.96, 0.8, 0.6]]


def entropy(row: list[float], own: int) -> float:
    return math.log(sum(math.exp(10 * x) for x in row)) - 10 * row[own]


def test_both_ways_by_hand() -> None:
    found = MatchingLoss()(SPEECH, PICTURES, torch.tensor([0, 1, 2]))
    rows = [entropy(row, i) for i, row in enumerate(COSINES)]
    columns = [entropy(list(c), i) for i, c in enumerate(zip(*COSINES, strict=True))]
    assert found["image_to_speech"].item() == pytest.approx(sum(rows) / 3, rel=1e-5)
    assert found["speech_to_image"].item() == pytest.approx(sum(columns) / 3, rel=1e-5)
    assert found.keys() == {"image_to_speech", "speech_to_image"}


def test_pairs_of_the_same_class_are_removed_by_hand() -> None:
    found = MatchingLoss()(SPEECH, PICTURES, torch.tensor([4, 1, 4]))
    rows = [entropy([0.8, 0.0], 0), entropy(COSINES[1], 1), entropy([0.8, 0.6], 1)]
    assert found["image_to_speech"].item() == pytest.approx(sum(rows) / 3, rel=1e-5)


def test_it_is_symmetric_infonce_at_a_tenth_where_all_classes_differ() -> None:
    torch.manual_seed(0)
    speech, vector = torch.randn(2, 7, 5)
    x, y = F.normalize(vector), F.normalize(speech)
    logits, target = x @ y.t() / 0.1, torch.arange(7)
    found = MatchingLoss()(speech, vector, torch.randperm(7))
    torch.testing.assert_close(found["image_to_speech"], F.cross_entropy(logits, target))
    torch.testing.assert_close(found["speech_to_image"], F.cross_entropy(logits.t(), target))
    assert found == MatchingLoss()(speech, vector)


def test_other_pairs_of_the_same_class_get_no_gradient() -> None:
    """With one class there is no negative: the loss and all gradients are zero."""
    torch.manual_seed(0)
    speech, vector = (torch.randn(4, 3, requires_grad=True) for _ in range(2))
    total = sum(MatchingLoss()(speech, vector, torch.zeros(4, dtype=torch.int64)).values())
    assert isinstance(total, Tensor) and total.item() == 0
    total.backward()
    assert speech.grad is not None and not speech.grad.any()
    # Of two classes: the recording of row 1 has none from picture 0, which is of its class.
    seen = vector.detach().requires_grad_()
    labels = torch.tensor([0, 0, 1, 2])
    found = MatchingLoss()(speech.detach(), seen, labels)["image_to_speech"]
    row = -F.log_softmax(10 * cosines(seen[:1], speech.detach())[:, [0, 2, 3]], 1)[0, 0]
    (expected,) = torch.autograd.grad(row / 4, seen)
    found.backward()
    assert seen.grad is not None
    torch.testing.assert_close(seen.grad[0], expected[0])


def cosines(a: Tensor, b: Tensor) -> Tensor:
    return F.normalize(a, dim=1) @ F.normalize(b, dim=1).t()


def test_the_order_of_pairs_changes_nothing_and_the_sides_are_alike() -> None:
    torch.manual_seed(0)
    speech, vector = torch.randn(2, 6, 4)
    labels, order = torch.tensor([0, 1, 1, 2, 0, 3]), torch.randperm(6)
    first = MatchingLoss()(speech, vector, labels)
    second = MatchingLoss()(speech[order], vector[order], labels[order])
    torch.testing.assert_close(second, first)
    swapped = MatchingLoss()(vector, speech, labels)
    torch.testing.assert_close(swapped["image_to_speech"], first["speech_to_image"])


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(AssertionError, match="beta"):
        MatchingLoss(beta=0)
    with pytest.raises(AssertionError, match="pairs"):
        MatchingLoss()(torch.zeros(2, 3), torch.zeros(3, 3))
