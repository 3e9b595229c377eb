from __future__ import annotations

import pytest
import torch

from experiments.generator.reed import ReedGenerator


@pytest.mark.parametrize(("width", "millions"), [(128, 18.9), (196, 41.1)])
def test_parameter_counts_are_the_published_ones(width: int, millions: float) -> None:
    with torch.device("meta"):
        network = ReedGenerator(width=width)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("resolution", [8, 16, 64])
def test_shapes(resolution: int, residual: bool) -> None:
    network = ReedGenerator([resolution], 4, 5, 6, 3, residual)
    made = network(torch.randn(2, 5), torch.randn(2, 0), torch.randn(2, 6))
    assert [tuple(image.shape) for image in made.images] == [(2, 3, resolution, resolution)]
    assert made.mu is None and made.images[0].abs().max() <= 1
    assert (network.noise_dim, network.condition_dim) == (5, 0)


def test_the_plain_stack_has_no_bottlenecks() -> None:
    residual, plain = (ReedGenerator([64], 4, 5, 6, 3, r) for r in (True, False))
    found = [sum(p.numel() for p in network.parameters()) for network in (residual, plain)]
    expected = 0
    for channels in (32, 16):
        hidden = channels // 4
        expected += channels * hidden + 9 * hidden * hidden + 9 * hidden * channels
        expected += 2 * (hidden + hidden + channels)  # of three norms
    assert found[0] - found[1] == expected


def test_noise_and_sentence_both_matter() -> None:
    network = ReedGenerator([16], 4, 5, 6, 3).eval()
    noise, sentence, none = torch.randn(2, 5), torch.randn(2, 6), torch.zeros(2, 0)
    image = network(noise, none, sentence).images[0]
    assert not torch.equal(image, network(noise + 1, none, sentence).images[0])
    assert not torch.equal(image, network(noise, none, sentence + 1).images[0])


@pytest.mark.parametrize("resolution", [4, 48])
def test_other_sides_are_refused(resolution: int) -> None:
    with pytest.raises(AssertionError, match="8, 16, 32"):
        ReedGenerator([resolution])
