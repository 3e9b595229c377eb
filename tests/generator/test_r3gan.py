"""R3GAN's two networks: their sizes, how they begin, how sides change."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.discriminator.r3gan import R3GANDiscriminator
from experiments.generator.initialisation import initialise
from experiments.generator.r3gan import R3GANGenerator
from experiments.layer.r3gan import GAIN, GroupedResidual, doubled, halved


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("side", "width", "most", "classes", "group", "drawer", "judge"),
    [
        (64, 384, 2, 0, 16, 22_429_824, 22_381_440),  # FFHQ-64
        (256, 96, 8, 0, 16, 23_057_952, 23_009_568),  # FFHQ-256
        (32, 768, 1, 10, 16, 20_781_952, 21_280_512),  # CIFAR-10
        (64, 1536, 1, 1000, 32, 103_570_432, 107_205_120),  # ImageNet-64
    ],
)
def test_released_sizes(
    side: int, width: int, most: int, classes: int, group: int, drawer: int, judge: int
) -> None:
    with torch.device("meta"):
        made = R3GANGenerator([side], width, most, 64, classes, 64, group)
        judged = R3GANDiscriminator([side], width, most, classes, group)
    assert (count(made), count(judged)) == (drawer, judge)


def test_a_block_begins_as_the_identity_with_the_released_scale() -> None:
    torch.manual_seed(0)
    made = R3GANGenerator([32], 32, 4, 6, 7)
    initialise(made)
    blocks = [layer for layer in made.modules() if isinstance(layer, GroupedResidual)]
    assert len(blocks) == 8  # two at each of 4, 8, 16, 32 px
    for block in blocks:
        x = torch.randn(2, block.first.in_channels, 4, 4)
        assert torch.equal(block(x), x)
        for layer in (block.first, block.second):
            fan_in = layer.weight[0].numel()
            expected = GAIN * 8**-0.25 / fan_in**0.5
            assert layer.weight.std().item() == pytest.approx(expected, rel=0.1)
            assert not layer.bias.any()


def test_sides_change_smoothly() -> None:
    """A constant stays one inside; one pixel is spread as [1, 3, 3, 1] by itself."""
    flat = torch.ones(1, 2, 8, 8)
    assert torch.equal(doubled(flat)[..., 1:-1, 1:-1], torch.ones(1, 2, 14, 14))
    assert torch.equal(halved(flat)[..., 1:-1, 1:-1], torch.ones(1, 2, 2, 2))
    point = torch.zeros(1, 1, 4, 4)
    point[..., 1, 1] = 16.0
    expected = torch.outer(*[torch.tensor([1.0, 3.0, 3.0, 1.0])] * 2)
    assert torch.equal(doubled(point)[0, 0, 1:5, 1:5], expected)


@pytest.mark.parametrize("text", [0, 7])
def test_pictures_and_what_they_are_told(text: int) -> None:
    torch.manual_seed(0)
    made, judge = R3GANGenerator([16], 8, 4, 5, text), R3GANDiscriminator([16], 8, 4, text)
    for network in (made, judge):
        initialise(network)
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.3)
    noise, told = torch.randn(3, 5), torch.randn(3, text)
    (image,) = made(noise, noise[:, :0], told).images
    assert image.shape == (3, 3, 16, 16) and image.abs().max() > 1  # no tanh
    (shown,) = made.eval()(noise, noise[:, :0], told).images
    assert torch.equal(shown, image.clamp(-1, 1))
    ((logits, alone),) = judge([image], told)
    assert logits.shape == (3,) and alone is None
    ((other, _),) = judge([image], told.roll(1, 0))
    assert torch.equal(logits, other) == (text == 0)
    (gradient,) = torch.autograd.grad(logits.sum(), [made.basis])
    assert gradient.any()
