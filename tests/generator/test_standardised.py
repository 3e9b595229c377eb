"""Short vectors say as much as long ones, where they are standardised."""

from __future__ import annotations

import torch

from experiments.generator.augmentation import ConditioningAugmentation


def test_the_length_of_a_sentence_is_nothing_where_it_is_standardised() -> None:
    torch.manual_seed(0)
    plain = ConditioningAugmentation(16, 4)
    scaled = ConditioningAugmentation(16, 4, standardised=True)
    scaled.load_state_dict(plain.state_dict())
    sentence = torch.randn(3, 16)
    short, long = scaled.moments(0.01 * sentence)[0], scaled.moments(100 * sentence)[0]
    torch.testing.assert_close(short, long, rtol=0.2, atol=0.05)  # eps of the norm
    assert not torch.allclose(plain.moments(0.01 * sentence)[0], plain.moments(100 * sentence)[0])
    brought = (sentence - sentence.mean(1, keepdim=True)) / sentence.std(1, correction=0)[:, None]
    torch.testing.assert_close(long, plain.moments(brought)[0], rtol=1e-3, atol=1e-4)
