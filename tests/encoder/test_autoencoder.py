"""The autoencoder of variant A: what goes in comes back in its shape."""

from __future__ import annotations

import pytest
import torch

from experiments.encoder.autoencoder import Autoencoder
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt
from tests.released_size import conv, linear, norm


@pytest.mark.parametrize(
    ("shape", "least"),
    [((3, 64, 64), (32, 4, 4)), ((1, 128, 44), (16, 16, 5)), ((1, 9, 13), (4, 4, 6))],
)
def test_odd_sides_come_back_as_they_were(
    shape: tuple[int, int, int], least: tuple[int, int, int]
) -> None:
    network = Autoencoder(shape, 8, 4)
    values = torch.rand(2, *shape) * 2 - 1
    assert network.least == least and network.features(values).shape == (2, 8)
    found = network(values)
    assert found.shape == values.shape and found.abs().max() < 1


def test_parameters_layer_by_layer() -> None:
    """64 px in four halvings: 32, 64, 128 and 256 channels."""
    found = Autoencoder((3, 64, 64), 128, 32)
    count = conv(3, 32, 4, True) + sum(
        conv(a, b, 4, True) + norm(b) for a, b in ((32, 64), (64, 128), (128, 256))
    )
    count += linear(256 * 16, 128) + linear(128, 256 * 16)
    count += sum(norm(a) + conv(a, b, 4, True) for a, b in ((256, 128), (128, 64), (64, 32)))
    count += norm(32) + conv(32, 3, 4, True)
    assert sum(p.numel() for p in found.parameters()) == count


def test_it_learns_to_give_back_what_it_saw() -> None:
    torch.manual_seed(0)
    network = Autoencoder((1, 16, 16), 8, 8)
    values = torch.rand(8, 1, 1, 1).expand(8, 1, 16, 16) * 2 - 1
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    first = None
    for _ in range(60):
        loss = (network(values) - values).square().mean()
        first = first if first is not None else loss.item()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert first is not None and loss.item() < 0.05 * first


def test_what_fits_nothing_is_refused() -> None:
    with pytest.raises(AssertionError, match="too small"):
        Autoencoder((1, 7, 64))
    with pytest.raises(AssertionError, match="another shape of sounds"):
        Autoencoder((1, 16, 16), excerpt=Excerpt(LMS(8000, 512, 256, 16), 1.0))
