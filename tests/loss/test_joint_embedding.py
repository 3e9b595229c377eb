from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.loss.joint_embedding import JointEmbeddingLoss

# Images are unit vectors, so F(v_i, t_j) is coordinate i of text j: rows are images.
VECTORS = torch.eye(3)
SCORES = torch.tensor([[2.0, 0.5, 1.5], [0.0, 1.0, 3.0], [0.25, 0.0, 0.5]])
# Margin 1, rows: 1 + F(v_i, t_j) - F(v_i, t_i) is -0.5, 0.5 | 0, 3 | 0.75, 0.5.
BY_IMAGE = [[0.5], [3.0], [0.75, 0.5]]
# Columns: of t_0 -1, -0.75; of t_1 0.5, 0; of t_2 2, 3.5.
BY_TEXT = [[0.0], [0.5], [2.0, 3.5]]


def loss(**options: object) -> dict[str, Tensor]:
    return JointEmbeddingLoss(**options)(SCORES.t().contiguous(), VECTORS)  # type: ignore[arg-type]


def test_the_mean_by_hand() -> None:
    """Sums of violations over B^2 = 9."""
    found = loss()
    assert found["image_to_text"].item() == pytest.approx((0.5 + 3.0 + 0.75 + 0.5) / 9)
    assert found["text_to_image"].item() == pytest.approx((0.5 + 2.0 + 3.5) / 9)
    assert found.keys() == {"image_to_text", "text_to_image"}


def test_the_largest_by_hand() -> None:
    """The largest violation of each sample over B = 3."""
    found = loss(reduction="max")
    for name, rows in (("image_to_text", BY_IMAGE), ("text_to_image", BY_TEXT)):
        assert found[name].item() == pytest.approx(sum(map(max, rows)) / 3)


def test_one_side_alone() -> None:
    found = loss(symmetric=False)
    assert found.keys() == {"image_to_text"}
    assert found["image_to_text"] == loss()["image_to_text"]


def test_the_margin_moves_the_hinge() -> None:
    """Margin 0.5: 0 | 2.5 | 0.25, 0 by image."""
    found = loss(margin=0.5)["image_to_text"].item()
    assert found == pytest.approx((0.0 + 2.5 + 0.25 + 0.0) / 9)


@pytest.mark.parametrize("reduction", ["mean", "max"])
def test_nothing_to_gain_where_all_are_apart(reduction: str) -> None:
    vectors = (2 * torch.eye(4)).requires_grad_()
    terms = JointEmbeddingLoss(reduction=reduction)(2 * torch.eye(4), vectors)  # type: ignore[arg-type]
    total = torch.stack(list(terms.values())).sum()
    total.backward()
    assert total.item() == 0 and vectors.grad is not None and not vectors.grad.any()


@pytest.mark.parametrize("reduction", ["mean", "max"])
def test_the_order_of_pairs_changes_nothing(reduction: str) -> None:
    torch.manual_seed(0)
    sentence, vector = torch.randn(6, 4), torch.randn(6, 4)
    order = torch.randperm(6)
    compute = JointEmbeddingLoss(reduction=reduction)  # type: ignore[arg-type]
    first, second = compute(sentence, vector), compute(sentence[order], vector[order])
    torch.testing.assert_close(second, first)
    swapped = compute(vector, sentence)
    torch.testing.assert_close(swapped["image_to_text"], first["text_to_image"])


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(AssertionError, match="margin"):
        JointEmbeddingLoss(margin=0)
    with pytest.raises(AssertionError, match="sum"):
        JointEmbeddingLoss(reduction="sum")  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="pairs"):
        JointEmbeddingLoss()(torch.zeros(2, 3), torch.zeros(3, 3))
