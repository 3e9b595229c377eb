from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from experiments.encoder.wav2pix import MANY, StridedConv1d, Wav2PixEncoder


def size(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_published_count() -> None:
    with torch.device("meta"):
        assert size(Wav2PixEncoder()) == 11_495_424


@pytest.mark.parametrize(
    ("samples", "inputs"),
    [(16384, 4096), (16000, 4096), (64000, 16384), (65536, 16384), (11200, 3072)],
)
def test_inputs_of_the_first_linear_layer(samples: int, inputs: int) -> None:
    """One second in both forms, four in both, and 0.7."""
    with torch.device("meta"):
        network = Wav2PixEncoder(samples)
        assert network.vector[0].in_features == inputs
        assert network(torch.empty(2, samples)).shape == (2, 128)


def test_maps_of_the_published_table() -> None:
    shapes = []
    with torch.device("meta"):
        x = torch.empty(2, 1, 16384)
        for layer in Wav2PixEncoder().layers:
            x = layer(x)
            if isinstance(layer, torch.nn.LeakyReLU):
                shapes.append(tuple(x.shape[1:]))
                assert layer.negative_slope == 0.3
    table = [(16, 4096), (32, 1024), (128, 256), (256, 64), (512, 16), (1024, 4)]
    assert shapes == table


@pytest.mark.parametrize("length", [2, 3, 15, 16, 17, 18, 250, 63])
@pytest.mark.parametrize("channels", [1, 3, MANY])
def test_a_convolution_is_the_padded_one(length: int, channels: int) -> None:
    torch.manual_seed(0)
    layer = StridedConv1d(channels, 5).double()
    x = torch.randn(2, channels, length, dtype=torch.float64, requires_grad=True)
    expected = F.conv1d(F.pad(x, (6, 7)), layer.weight, layer.bias, 4)
    found = layer(x)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    seen = torch.randn_like(expected)
    ours, plain = (
        torch.autograd.grad(y, (x, layer.weight), seen, retain_graph=True)
        for y in (found, expected)
    )
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_gradients_reach_the_first_convolution() -> None:
    network = Wav2PixEncoder(4096, [2, 2, 4, 4, 4, 4], 8, 6)
    network(torch.randn(3, 4096)).sum().backward()
    assert network.layers[0].weight.grad.abs().sum() > 0


def test_what_was_heard_has_one_size_where_that_is_asked() -> None:
    torch.manual_seed(0)
    network = Wav2PixEncoder(4096, [2, 2, 4, 4, 4, 4], 8, 6).eval()
    waves = 50 * torch.randn(3, 4096)
    plain = network(waves)
    network.normalised = True
    found = network(waves)
    torch.testing.assert_close(found.square().mean(1), torch.ones(3), rtol=0, atol=1e-2)
    torch.testing.assert_close(F.cosine_similarity(plain, found), torch.ones(3))
