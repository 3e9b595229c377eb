"""Average precision and recall: by hand, against torchmetrics, and over all orders of equals."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from torchmetrics.functional.retrieval import retrieval_average_precision, retrieval_hit_rate

from experiments.metric.ranking import average_precision, cosines, recall_at


def test_average_precision_by_hand() -> None:
    """Right are places 1, 3 and 4: (1/1 + 2/3 + 3/4) / 3."""
    nearness = torch.tensor([[0.9, 0.1, 0.5, 0.7]])
    right = torch.tensor([[True, True, True, False]])
    assert average_precision(nearness, right).item() == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_recall_by_hand() -> None:
    """Right is the third place alone."""
    nearness = torch.tensor([[0.9, 0.1, 0.5, 0.7]])
    right = torch.tensor([[False, False, True, False]])
    assert recall_at(nearness, right, [1, 2, 3, 4]).tolist() == [[0, 0, 1, 1]]


def test_equals_torchmetrics_where_nothing_is_equally_near() -> None:
    generator = torch.Generator().manual_seed(0)
    # Above 0: for torchmetrics, what is at 0 or below is not found at all, as no cosine means.
    nearness = torch.rand(20, 30, generator=generator)
    right = torch.rand(20, 30, generator=generator) < 0.2
    right[:, 0] = True
    ours = average_precision(nearness, right)
    hits = recall_at(nearness, right, [1, 5])
    for row in range(20):
        theirs = retrieval_average_precision(nearness[row], right[row])
        assert ours[row].item() == pytest.approx(theirs.item(), abs=1e-6)
        for column, count in enumerate((1, 5)):
            assert hits[row, column] == retrieval_hit_rate(nearness[row], right[row], count)


@pytest.mark.parametrize(
    ("nearness", "right"),
    [
        ([1, 1, 1, 1], [1, 0, 0, 1]),
        ([2, 1, 1, 1, 0], [0, 1, 0, 1, 1]),
        ([2, 2, 1, 1, 1], [0, 1, 1, 0, 0]),
        ([3, 1, 1, 0, 0], [1, 0, 0, 0, 1]),
    ],
)
def test_equals_are_the_mean_over_all_of_their_orders(
    nearness: list[int], right: list[int]
) -> None:
    precisions, recalls = [], []
    for order in permutations(range(len(right))):
        # Equals are told apart by their place in this order.
        apart = [n - order[k] / 100 for k, n in enumerate(nearness)]
        ranked = [right[k] for k in sorted(range(len(right)), key=lambda k: -apart[k])]
        places = [place for place, is_right in enumerate(ranked, 1) if is_right]
        precisions.append(sum(sum(ranked[:p]) / p for p in places) / len(places))
        recalls.append([float(min(places) <= count) for count in (1, 2, 3)])
    rows = torch.tensor([nearness]).double(), torch.tensor([right]).bool()
    assert average_precision(*rows).item() == pytest.approx(sum(precisions) / len(precisions))
    expected = torch.tensor(recalls).double().mean(0)
    torch.testing.assert_close(recall_at(*rows, [1, 2, 3])[0], expected)


def test_no_order_of_the_rows_counts() -> None:
    generator = torch.Generator().manual_seed(1)
    nearness = torch.randint(0, 6, (10, 40), generator=generator).double()  # many equals
    right = torch.rand(10, 40, generator=generator) < 0.1
    right[:, 3] = True
    order = torch.randperm(40, generator=generator)
    torch.testing.assert_close(
        average_precision(nearness[:, order], right[:, order]), average_precision(nearness, right)
    )
    torch.testing.assert_close(
        recall_at(nearness[:, order], right[:, order], [1, 5, 10]),
        recall_at(nearness, right, [1, 5, 10]),
    )


def test_chance_of_recall_is_that_of_drawing_without_replacement() -> None:
    """Five of a hundred are right: the ten first have none of them with C(95, 10) / C(100, 10)."""
    right = torch.arange(100)[None] < 5
    none = 1.0
    for k in range(10):
        none *= (95 - k) / (100 - k)
    assert recall_at(torch.zeros(1, 100), right, [10]).item() == pytest.approx(1 - none)


def test_nothing_that_is_right_is_no_value() -> None:
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    nothing[1, 0] = True
    assert average_precision(torch.zeros(2, 3), nothing).isnan().tolist() == [True, False]
    assert recall_at(torch.zeros(2, 3), nothing, [1]).isnan()[:, 0].tolist() == [True, False]


def test_cosines_take_rounding_for_equality() -> None:
    generator = torch.Generator().manual_seed(2)
    row = torch.randn(1, 500, generator=generator)
    queries = torch.randn(3, 500, generator=generator)
    gallery = torch.cat([row, 3 * row, row * 0.1, -row])
    found = cosines(queries, gallery)
    assert all(len(set(values[:3])) == 1 and values[3] == -values[0] for values in found.tolist())
