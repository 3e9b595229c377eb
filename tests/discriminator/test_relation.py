from __future__ import annotations

import torch

from experiments.discriminator.relation import RelationClassifier


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_released_size_and_that_without_the_output_that_is_not_used() -> None:
    assert count(RelationClassifier()) == 262_915
    assert count(RelationClassifier(legacy=True)) == 263_044


def test_it_tells_the_sides_of_a_pair_apart() -> None:
    torch.manual_seed(0)
    network = RelationClassifier(6, 4).eval()
    left, right = torch.randn(2, 5, 6)
    assert network(left, right).shape == (5, 3)
    assert not torch.allclose(network(left, right), network(right, left))
