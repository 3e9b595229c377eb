"""TGANs-C's generator at the published sizes, and at all that doublings make."""

from __future__ import annotations

import pytest
import torch

from experiments.generator.clip import ClipGenerator
from experiments.generator.initialisation import initialise


def count(**options: object) -> int:
    with torch.device("meta"):
        network = ClipGenerator(**options)  # type: ignore[arg-type]
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameters_layer_by_layer_at_16_x_48() -> None:
    """12.7 million: W_s, five transposed convolutions without bias, four norms."""
    layers = 356 * 512 * 9 + 64 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    assert count() == 256 * 256 + layers + 2 * (512 + 256 + 128 + 64) == 12_730_240


def test_parameters_of_variant_b() -> None:
    layers = 356 * 512 * 72 + 64 * (512 * 256 + 256 * 128 + 128 * 64) + 64 * 3
    mixed = 356 * 356 + 2 * 356
    expected = 256 * 256 + mixed + layers + 2 * (512 + 256 + 128 + 64)
    assert count(head="variant_b") == expected


@pytest.mark.parametrize(
    ("frames", "side", "first"),
    [(16, 48, (1, 3, 3)), (8, 24, (1, 3, 3)), (8, 32, (1, 4, 4)), (32, 64, (2, 4, 4))],
)
@pytest.mark.parametrize("head", ["plain", "variant_b"])
def test_one_class_makes_clips_of_every_size(
    frames: int, side: int, first: tuple[int, int, int], head: str
) -> None:
    network = ClipGenerator(frames, side, 1, None, 2, 3, 5, 4, head)  # type: ignore[arg-type]
    twice = 1 if head == "plain" else 2
    kernel = tuple(network.layers[0].weight.shape[2:])
    assert kernel == tuple(twice * size for size in first)
    made = network(torch.randn(2, 3), torch.randn(2, 5))
    assert made.shape == (2, 1, frames, side, side) == (2, *network.shape)
    assert made.dtype == torch.float32 and made.abs().max() <= 1


@pytest.mark.parametrize("norm", ["batch", "group", "conditional"])
@pytest.mark.parametrize("head", ["plain", "variant_b"])
def test_noise_and_sentence_reach_every_clip(norm: str, head: str) -> None:
    if (norm, head) == ("conditional", "variant_b"):
        with pytest.raises(AssertionError, match="not told"):
            ClipGenerator(norm=norm, head=head)  # type: ignore[arg-type]
        return
    network = ClipGenerator(8, 24, 1, None, 2, 3, 5, 4, head, norm)  # type: ignore[arg-type]
    torch.manual_seed(0)
    initialise(network, 0.2)
    noise, sentence = torch.randn(2, 3).requires_grad_(), torch.randn(2, 5).requires_grad_()
    network(noise, sentence)[0].square().sum().backward()
    for given in (noise, sentence):
        assert given.grad is not None and given.grad[0].abs().max() > 0
    assert all(p.grad is not None for p in network.parameters())


def test_norms_that_are_told_are_told_even_where_the_map_is_not() -> None:
    """With a first layer that says nothing, sentences still differ."""
    found = {}
    for norm in ("batch", "conditional"):
        torch.manual_seed(0)
        network = ClipGenerator(8, 24, 1, None, 2, 3, 5, 4, norm=norm).eval()  # type: ignore[arg-type]
        with torch.no_grad():
            network.layers[0].weight.zero_()
        noise = torch.randn(1, 3).expand(2, 3)
        one, other = network(noise, torch.randn(2, 5)).unbind()
        found[norm] = bool((one - other).abs().max() > 0)
    assert found == {"batch": False, "conditional": True}
