"""CMCGAN's four networks: sizes, which networks each way uses, and its noise."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from experiments.generator.cmcgan import SIDES, CMCGANGenerator, Side

# Worked by hand for 128 px, sounds of 128 x 32, features of 512 and noise of 100. Kernels have 16
# places; a norm has two weights a channel; only linear layers and last convolutions have a bias.
# pictures down: 16 (3 64 + 64 128 + 128 256 + 256 512 + 512 512), norms 2 (128 + 256 + 512 + 512)
# sounds down:   16 (64 + 64 128 + 128 256 + 256 512),             norms 2 (128 + 256 + 512)
# both to a feature: 8,192 512 + 512. Both up: 612 8,192, then the mirror, whose norms are
# 2 (512 + 512 + 256 + 128 + 64) and 2 (512 + 256 + 128 + 64), and a bias of 3 and of 1.
SIZES = {
    "encoders.picture": 6_949_888 + 2_816 + 4_194_816,
    "encoders.sound": 2_753_536 + 1_792 + 4_194_816,
    "decoders.picture": 5_013_504 + 6_949_888 + 2_944 + 3,
    "decoders.sound": 5_013_504 + 2_753_536 + 1_920 + 1,
}


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def tiny(**options: object) -> CMCGANGenerator:
    torch.manual_seed(0)
    options = {"width": 2, "dim": 6, "noise_dim": 3, "norm": "group"} | options
    return CMCGANGenerator([16], (1, 16, 8), **options)  # type: ignore[arg-type]


def test_sizes_at_the_default_widths() -> None:
    with torch.device("meta"):
        network = CMCGANGenerator()
    for name, expected in SIZES.items():
        assert size(network.get_submodule(name)) == expected, name
    assert size(network) == sum(SIZES.values()) == 37_832_964
    assert size(network.get_submodule("decoders.picture.layers")) == 6_949_888 + 2_944 + 3


def test_there_are_exactly_four_sets_of_weights() -> None:
    network = tiny()
    found = {".".join(name.split(".")[:2]) for name in network.state_dict()}
    assert found == set(SIZES)


@pytest.mark.parametrize(("source", "target"), itertools.product(SIDES, SIDES))
def test_each_way_is_one_encoder_and_one_decoder(source: Side, target: Side) -> None:
    network = tiny()
    values = torch.randn(5, *network.shapes[source])
    made = network(values, torch.randn(5, 3), source, target)
    assert made.shape == (5, *network.shapes[target]) and made.abs().max() <= 1
    made.square().sum().backward()
    reached = {
        ".".join(name.split(".")[:2])
        for name, parameter in network.named_parameters()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    }
    assert reached == {f"encoders.{source}", f"decoders.{target}"}


def test_the_latent_vector_can_be_left_out() -> None:
    network = tiny(noise_dim=0)
    values = torch.randn(2, *network.shapes["sound"])
    made = network(values, torch.empty(2, 0), "sound", "picture")
    assert made.shape == (2, 3, 16, 16)
    assert size(tiny()) - size(network) == 3 * (4 * 4 * 4 + 4 * 4 * 2)  # of both seeds
