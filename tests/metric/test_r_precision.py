"""R-precision: an oracle, chance, ties, and who may be a distractor."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.metric.r_precision import draw_distractors, r_precision


def vectors(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_oracle_scores_one() -> None:
    sentences = vectors(500, 16, 0)
    result = r_precision(3 * sentences, sentences, torch.arange(500) % 50)
    assert (result.mean, result.std, result.candidates) == (1.0, 0.0, 100)


def test_random_vectors_score_at_chance() -> None:
    n = 6000
    result = r_precision(vectors(n, 16, 0), vectors(n, 16, 1), torch.arange(n) % 150)
    deviation = (0.01 * 0.99 / n) ** 0.5
    assert result.candidates == 100
    assert abs(result.mean - 0.01) < 4 * deviation
    # A fold of 600 spreads sqrt(10) times as widely.
    assert 0.3 < result.std / (deviation * 10**0.5) < 2


def test_worst_encoder_scores_zero() -> None:
    sentences = vectors(200, 16, 0)
    assert r_precision(-sentences, sentences, torch.arange(200)).mean == 0


def test_ties_are_misses() -> None:
    same = torch.ones(200, 16)
    assert r_precision(vectors(200, 16, 0), same, torch.arange(200)).mean == 0
    # Pairs of classes repeat each other's caption; all of the others are candidates.
    sentences = vectors(50, 33, 1).repeat(2, 1)
    result = r_precision(sentences, sentences, torch.arange(100), candidates=100)
    assert (result.mean, result.std, result.candidates) == (0.0, 0.0, 100)


def test_length_of_vectors_does_not_count() -> None:
    images, sentences, labels = vectors(300, 8, 0), vectors(300, 8, 1), torch.arange(300)
    images = images + 0.5 * sentences
    scale = vectors(300, 1, 2).abs() + 0.1
    first = r_precision(images, sentences, labels)
    other = r_precision(images * scale, sentences * scale.flip(0), labels)
    assert torch.equal(first.hits, other.hits)


def test_by_hand_with_every_other_caption() -> None:
    # Pictures at 0, 90 and 45 degrees; captions at 10, 80 and 170: the third picture finds neither.
    def at(*degrees: float) -> Tensor:
        angle = torch.deg2rad(torch.tensor(degrees))
        return torch.stack((angle.cos(), angle.sin()), 1)

    result = r_precision(at(0, 90, 45), at(10, 80, 170), torch.arange(3), folds=3)
    assert result.mean == pytest.approx(2 / 3)
    assert result.candidates == 3
    assert result.std == pytest.approx((2 / 9) ** 0.5)


def test_distractors_are_of_other_classes_and_different() -> None:
    labels = torch.randint(0, 20, (400,), generator=torch.Generator().manual_seed(0)) * 7 - 3
    drawn = draw_distractors(labels, 99, torch.Generator().manual_seed(0))
    assert drawn.shape == (400, 99)
    assert not (labels[drawn] == labels[:, None]).any()
    assert all(len(set(row)) == 99 for row in drawn.tolist())


def test_distractors_are_uniform() -> None:
    labels = torch.tensor([0, 1, 2, 2, 3] * 2000)
    drawn = draw_distractors(labels[:5], 2, torch.Generator().manual_seed(0))
    assert drawn.max() < 5
    counts = torch.zeros(5)
    generator = torch.Generator().manual_seed(0)
    for _ in range(2000):
        row = draw_distractors(labels[:5], 2, generator)[0]
        counts[row] += 1
    # Row 0 draws two of rows 1 to 4: each in half of the draws.
    assert counts[0] == 0
    assert (counts[1:] / 2000 - 0.5).abs().max() < 4 * (0.25 / 2000) ** 0.5


def test_few_captions_of_other_classes() -> None:
    # Class 0 has 15 of 20 rows: it leaves 5 others, so every query meets 6 candidates.
    labels = torch.tensor([0] * 15 + [1] * 5)
    sentences = vectors(20, 16, 0)
    assert r_precision(sentences, sentences, labels).candidates == 6
    drawn = draw_distractors(labels, 99, torch.Generator().manual_seed(0))
    assert all(sorted(row) == [15, 16, 17, 18, 19] for row in drawn[:15].tolist())
    with pytest.raises(AssertionError, match="two classes"):
        r_precision(sentences, sentences, torch.zeros(20, dtype=torch.int64))


def test_the_seed_decides() -> None:
    images, sentences, labels = vectors(400, 8, 0), vectors(400, 8, 1), torch.arange(400)
    images = images + sentences
    first = r_precision(images, sentences, labels, seed=3)
    assert first[:3] == r_precision(images, sentences, labels, seed=3)[:3]
    assert first[:3] != r_precision(images, sentences, labels, seed=4)[:3]
