from __future__ import annotations

import pytest
import torch

from experiments.generator.base import as_uniform
from experiments.generator.reed import ReedGenerator
from tests.released_size import conv, linear, norm, reed_generator


@pytest.mark.parametrize(("width", "published"), [(128, 18_905_472), (196, 41_101_080)])
def test_parameter_counts_are_the_published_ones(width: int, published: int) -> None:
    """18.9 and 41.1 million."""
    with torch.device("meta"):
        network = ReedGenerator(width=width)
    found = sum(p.numel() for p in network.parameters())
    assert found == reed_generator(width) == published


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


def test_uniform_noise_is_the_same_draw_spread_evenly() -> None:
    """One standard deviation is where 68.27 % lie within; the network is the same but for its
    noise."""
    found = as_uniform(torch.tensor([0.0, 1.0, -2.0]))
    assert found.tolist() == pytest.approx([0.0, 0.6826895, -0.9544997])
    torch.manual_seed(0)
    many = as_uniform(torch.randn(100_000))
    assert float(many.abs().max()) < 1 and abs(float(many.mean())) < 0.01
    assert float(many.var()) == pytest.approx(1 / 3, rel=0.02)
    normal, uniform = (
        ReedGenerator([16], 4, 5, 6, 3, noise=kind).eval()
        for kind in ("normal", "uniform")  # type: ignore[arg-type]
    )
    uniform.load_state_dict(normal.state_dict())
    z, none, sentence = torch.randn(2, 5), torch.zeros(2, 0), torch.randn(2, 6)
    made = uniform(z, none, sentence).images[0]
    torch.testing.assert_close(made, normal(as_uniform(z), none, sentence).images[0])
    assert not torch.equal(made, normal(z, none, sentence).images[0])


@pytest.mark.parametrize("resolution", [4, 48])
def test_other_sides_are_refused(resolution: int) -> None:
    with pytest.raises(AssertionError, match="8, 16, 32"):
        ReedGenerator([resolution])


@pytest.mark.parametrize(("channels", "published"), [(3, 3_371_968), (1, 3_369_920)])
def test_chen_s_generator_has_the_layers_that_are_drawn(channels: int, published: int) -> None:
    """Chen 2017: 128 features to 64, with 10 of noise to 512 x 4 x 4, 256, 128, 64, and a picture
    or a spectrogram of 64 px."""
    with torch.device("meta"):
        network = ReedGenerator([64], 64, 10, 128, 64, residual=False, channels=channels)
    layers = linear(128, 64) + conv(64 + 10, 512, 4) + norm(512)
    for inputs, outputs in ((512, 256), (256, 128), (128, 64)):
        layers += conv(inputs, outputs, 4) + norm(outputs)
    layers += conv(64, channels, 4)
    assert sum(p.numel() for p in network.parameters()) == layers == published


def test_one_level_more_makes_a_spectrogram_of_128_px() -> None:
    network = ReedGenerator([128], 4, 5, 6, 3, residual=False, channels=1)
    made = network(torch.randn(2, 5), torch.randn(2, 0), torch.randn(2, 6))
    assert [tuple(image.shape) for image in made.images] == [(2, 1, 128, 128)]
