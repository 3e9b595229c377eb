"""What a sentence adds is computed once: the numbers and gradients of joined maps."""

from __future__ import annotations

import pytest
import torch

from experiments.discriminator.base import with_sentence
from experiments.discriminator.told import everywhere, told_together
from experiments.layer.normalisation import JudgeNorm, convolution


@pytest.mark.parametrize("norm", ["batch", "group", "spectral"])
def test_as_if_each_pair_were_joined(norm: JudgeNorm) -> None:
    torch.manual_seed(0)
    layers = torch.nn.Sequential(*convolution(6 + 5, 8, 3, 1, norm), torch.nn.LeakyReLU(0.2))
    layers.double().eval() if norm == "spectral" else layers.double()
    real, fake = (torch.randn(4, 6, 4, 4).double().requires_grad_() for _ in range(2))
    sentences = [torch.randn(4, 5).double().requires_grad_() for _ in range(3)]
    pairs = list(zip((real, fake, real), sentences, strict=True))
    leaves = [real, fake, *sentences, *layers.parameters()]

    found = told_together(layers, *map(list, zip(*pairs, strict=True)))  # type: ignore[arg-type]
    expected = [layers(with_sentence(*pair)) for pair in pairs]

    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    slopes, wanted = (
        torch.autograd.grad(sum(maps.sin().sum() for maps in made), leaves)  # type: ignore[arg-type]
        for made in (found, expected)
    )
    for one, other in zip(slopes, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("side", [2, 4, 7])
def test_a_vector_at_every_place(side: int) -> None:
    torch.manual_seed(0)
    vectors, weight = torch.randn(3, 5).double(), torch.randn(8, 5, 3, 3).double()
    maps = vectors[:, :, None, None].expand(-1, -1, side, side)
    expected = torch.nn.functional.conv2d(maps, weight, padding=1)
    torch.testing.assert_close(everywhere(vectors, weight, side), expected, rtol=0, atol=1e-12)
