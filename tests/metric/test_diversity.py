"""Diversity of the pictures of one caption, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from experiments.metric.spread import diversity


def test_cosine_by_hand() -> None:
    # Angles of 90, 180 and 90 degrees between three vectors: (1 + 2 + 1) / 3.
    caption = torch.tensor([[1.0, 0.0], [0.0, 5.0], [-2.0, 0.0]])
    assert diversity(caption[None]) == pytest.approx(4 / 3, abs=1e-12)


def test_rms_by_hand() -> None:
    # Differences (3, 4): 5 / sqrt 2; the second caption collapsed.
    features = torch.tensor([[[0.0, 0.0], [3.0, 4.0]], [[7.0, 7.0], [7.0, 7.0]]])
    assert diversity(features, "rms") == pytest.approx(5 / math.sqrt(2) / 2, abs=1e-12)


@pytest.mark.parametrize("metric", ["cosine", "rms"])
def test_collapse_is_zero_whatever_the_captions_are(metric: str) -> None:
    generator = torch.Generator().manual_seed(0)
    captions = torch.randn(6, 1, 40, generator=generator) * 100
    assert diversity(captions.repeat(1, 5, 1), metric) == pytest.approx(0, abs=1e-12)  # type: ignore[arg-type]
    assert diversity(captions.view(1, 6, 40), metric) > 0.5  # type: ignore[arg-type]


def test_cosine_equals_the_loop_over_pairs() -> None:
    features = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0)).double()
    pairs = [(c, i, j) for c in range(3) for i in range(5) for j in range(i)]
    cosine = torch.nn.functional.cosine_similarity
    total = sum(1 - cosine(features[c, i], features[c, j], dim=0).item() for c, i, j in pairs)
    assert diversity(features) == pytest.approx(total / len(pairs), rel=1e-12)


def test_one_sample_has_no_pairs() -> None:
    with pytest.raises(AssertionError, match="no pairs"):
        diversity(torch.zeros(4, 1, 8))


def test_features_without_a_direction_are_alike() -> None:
    """A collapsed generator may leave every feature at zero: that is no diversity."""
    nothing, one = torch.zeros(1, 4, 3), torch.tensor([[[0.0, 0, 0], [1, 0, 0]]])
    assert diversity(nothing) == 0
    assert diversity(one) == 1
