from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.generator.initialisation import initialise
from experiments.generator.stackgan import StackGANStage1, StackGANStage2
from tests.released_size import stackgan_stage1, stackgan_stage2


def size(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("options", "published"),
    [
        ({}, 10_301_248),
        ({"arch": "tensorflow", "activation": "leaky_relu"}, 14_264_192),
        ({"width": 192}, 20_020_832),
    ],
)
def test_parameter_counts_of_stage_1_are_the_published_ones(
    options: dict[str, Any], published: int
) -> None:
    """10.3, 14.3 and 20.0 million."""
    with torch.device("meta"):
        network = StackGANStage1(**options)
    port = options.get("arch") != "tensorflow"
    assert size(network) == stackgan_stage1(options.get("width", 128), port) == published


@pytest.mark.parametrize(
    ("width", "blocks", "published"), [(128, 4, 26_290_080), (192, 2, 37_130_480)]
)
def test_parameter_counts_of_stage_2_are_the_published_ones(
    width: int, blocks: int, published: int
) -> None:
    """26.3 and 37.1 million, besides the first stage."""
    with torch.device("meta"):
        first = StackGANStage1(width=width)
        network = StackGANStage2(first, width=width, residual_blocks=blocks)
    assert size(network) - size(first) == stackgan_stage2(width, blocks) == published


def tiny(**options: Any) -> StackGANStage1:
    return StackGANStage1([16], 4, 5, 3, 6, **options)


@pytest.mark.parametrize("arch", ["pytorch", "tensorflow"])
def test_shapes_of_stage_1(arch: Any) -> None:
    network = tiny(arch=arch)
    made = network(torch.randn(2, 5), torch.randn(2, 3), torch.randn(2, 6))
    assert [tuple(image.shape) for image in made.images] == [(2, 3, 16, 16)]
    assert made.mu is not None and made.mu.shape == (2, 3)


def test_stage_2_refines_the_picture_of_stage_1() -> None:
    first = tiny()
    network = StackGANStage2(first, [16, 64], 4, 7, 1).eval()
    assert (network.noise_dim, network.condition_dim) == (5, 3 + 7)
    noise, epsilon, sentence = torch.randn(2, 5), torch.randn(2, 10), torch.randn(2, 6)
    made = network(noise, epsilon, sentence)
    assert [image.shape[-1] for image in made.images] == [16, 64]
    own = first(noise, epsilon[:, :3], sentence).images[0]
    assert torch.equal(made.images[0], own)
    assert made.mu is not None and made.mu.shape == (2, 7)
    twice = StackGANStage2(first, [16, 32], 4, 7, 1).eval()
    assert [image.shape[-1] for image in twice(noise, epsilon, sentence).images] == [16, 32]
    with pytest.raises(AssertionError, match=r"must be \[16, 64\] or \[16, 32\], got \[16, 128\]"):
        StackGANStage2(first, [16, 128], 4)


def test_stage_1_stays_as_it_was_trained() -> None:
    first = tiny()
    before = {name: value.clone() for name, value in first.state_dict().items()}
    network = StackGANStage2(first, None, 4, 7, 1)
    initialise(network)
    network.train()
    made = network(torch.randn(4, 5), torch.randn(4, 10), torch.randn(4, 6))
    made.images[-1].sum().backward()
    assert not first.training and network.training
    assert all(torch.equal(before[name], value) for name, value in first.state_dict().items())
    assert all(parameter.grad is None for parameter in first.parameters())
    trained = [p for name, p in network.named_parameters() if not name.startswith("first.")]
    assert all(parameter.grad is not None for parameter in trained)
