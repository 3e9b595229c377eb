from __future__ import annotations

import pytest
import torch

from experiments.discriminator.reed import ReedDiscriminator
from experiments.style.reed import StyleEncoder


def size(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("resolution", [8, 16, 64])
def test_shapes(resolution: int, residual: bool) -> None:
    network = StyleEncoder(resolution, 5, 4, residual)
    noise = network(torch.randn(2, 3, resolution, resolution))
    assert noise.shape == (2, 5) and noise.dtype == torch.float32
    assert (network.resolution, network.noise_dim) == (resolution, 5)


@pytest.mark.parametrize("resolution", [64, 256])
def test_it_is_the_discriminator_s_trunk_and_a_linear_output(resolution: int) -> None:
    with torch.device("meta"):
        network, judge = StyleEncoder(resolution), ReedDiscriminator([resolution])
    ours, theirs = network.layers.state_dict(), judge.layers.state_dict()
    assert [(n, t.shape) for n, t in ours.items()] == [(n, t.shape) for n, t in theirs.items()]
    assert size(network) == size(judge.layers) + 512 * 4 * 4 * 100 + 100
    assert resolution != 64 or size(network) == 4_381_028


def test_the_noise_of_a_conditioning_augmentation_stands_behind_z() -> None:
    network = StyleEncoder(8, 5, 4, condition_dim=3)
    assert network(torch.randn(2, 3, 8, 8)).shape == (2, 8)
    assert (network.noise_dim, network.condition_dim) == (5, 3)


def test_the_output_has_no_bounds() -> None:
    network = StyleEncoder(8, 5, 4, norm="group")
    images = torch.rand(2, 3, 8, 8) * 2 - 1
    before = network(images)
    with torch.no_grad():
        network.head.weight.mul_(1000)
        network.head.bias.mul_(1000)  # type: ignore[union-attr]
    torch.testing.assert_close(network(images), 1000 * before, rtol=1e-4, atol=1e-3)


def test_gradients_reach_the_first_layer() -> None:
    network = StyleEncoder(16, 5, 4)
    network(torch.randn(4, 3, 16, 16)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_no_picture_depends_on_another() -> None:
    network, images = StyleEncoder(16, 5, 4).eval(), torch.randn(3, 3, 16, 16)
    torch.testing.assert_close(network(images)[1:2], network(images[1:2]))
