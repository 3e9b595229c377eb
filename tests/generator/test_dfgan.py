"""DF-GAN's generator: its size, how it begins, and that doubling late changes nothing."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.generator.dfgan import Affine, DFGANGenerator, UpResidual
from experiments.generator.initialisation import initialise


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("width", "side", "parameters"),
    [
        (32, 256, 9_744_131),
        (64, 256, 31_819_267),
        (32, 128, 7_306_499),
        (32, 64, 4_868_867),
        (16, 64, 1_745_027),
    ],
)
def test_released_sizes(width: int, side: int, parameters: int) -> None:
    with torch.device("meta"):
        assert count(DFGANGenerator([side], width)) == parameters


def test_where_the_weights_are() -> None:
    with torch.device("meta"):
        made = DFGANGenerator([256], 32)
    assert count(made.seed) == 413_696 and count(made.head) == 867
    each = [count(block) for block in made.blocks]
    assert each == [2_437_632] * 3 + [1_353_088, 475_840, 187_744]
    affine = [layer for layer in made.modules() if isinstance(layer, Affine)]
    assert sum(map(count, affine)) == 5_164_800


@pytest.mark.parametrize("told", ["noise_sentence", "sentence"])
def test_at_first_a_picture_is_the_same_for_every_sentence(told: str) -> None:
    """Affine layers begin as the identity, also where a method gives other networks its own."""
    torch.manual_seed(0)
    made = DFGANGenerator([32], 4, 5, 6, told)  # type: ignore[arg-type]
    for std in (None, 0.02):
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter)
        initialise(made, std)
        noise, one, other = torch.randn(3, 5), torch.randn(3, 6), 9 * torch.randn(3, 6)
        (first,), (second,) = (made(noise, noise[:, :0], s).images for s in (one, other))
        assert torch.equal(first, second)
        assert first.std() > 1e-3 and not torch.equal(first[0], first[1])
    with torch.no_grad():
        made.blocks[0].before.first.gamma[-1].weight.normal_()
    (third,) = made(noise, noise[:, :0], other).images
    assert not torch.equal(second, third)


def released_block(block: UpResidual, x: Tensor, told: Tensor) -> Tensor:
    """As the release computes it: the map is doubled before all else."""

    def affine(layer: Affine, x: Tensor) -> Tensor:
        gamma, beta = (part(told)[:, :, None, None] for part in (layer.gamma, layer.beta))
        return x * gamma + beta

    def fused(part: torch.nn.Module, x: Tensor) -> Tensor:
        for layer in (part.first, part.second):
            x = F.leaky_relu(affine(layer, x), 0.2)
        return x

    x = F.interpolate(x, scale_factor=2.0, mode="nearest")
    shortcut = block.shortcut(x)
    h = F.conv2d(fused(block.before, x), block.up.conv.weight, block.up.conv.bias, padding=1)
    return shortcut + block.conv(fused(block.between, h))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("outputs", [8, 5])
def test_doubling_late_is_the_same_function(outputs: int, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    block = UpResidual(8, outputs, 7, fast=True)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x, told = torch.randn(2, 8, 16, 16).to(memory_format=layout), torch.randn(2, 7)
    expected = released_block(block, x, told)
    torch.testing.assert_close(block(x, told), expected, rtol=1e-4, atol=1e-4)


def test_a_side_that_no_doubling_reaches() -> None:
    with pytest.raises(AssertionError, match="48"):
        DFGANGenerator([48])
