from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from experiments.discriminator.attngan import StageDiscriminator
from experiments.discriminator.reed import ReedDiscriminator
from experiments.generator.initialisation import initialise
from experiments.layer.spectral import (
    SpectralConv2d,
    SpectralConvTranspose2d,
    SpectralLinear,
    stored_weight,
)


def largest(weight: torch.Tensor) -> float:
    return torch.linalg.matrix_norm(weight.flatten(1), 2).item()


def test_the_weight_has_norm_one_from_the_start() -> None:
    torch.manual_seed(0)
    for layer in (SpectralConv2d(3, 8, 3, 1, 1), SpectralLinear(5, 7)):
        initialise(layer, 3.0)  # normal numbers, of a norm far from one
        assert largest(stored_weight(layer)) > 5
        assert abs(largest(layer.weight) - 1) < 0.05
        assert layer.bias is not None and not layer.bias.any()


def test_a_pass_is_that_of_the_bounded_weight() -> None:
    torch.manual_seed(0)
    layer, x = SpectralConv2d(3, 4, 4, 2, 1).eval(), torch.randn(2, 3, 8, 8)
    stored = stored_weight(layer)
    expected = F.conv2d(x, stored / largest(stored), layer.bias, 2, 1)
    layer.train()
    for _ in range(50):
        layer(x)
    torch.testing.assert_close(layer.eval()(x), expected, atol=1e-4, rtol=1e-3)


def test_evaluation_does_not_move_the_power_method() -> None:
    layer = SpectralLinear(4, 3).eval()
    before = {k: v.clone() for k, v in layer.state_dict().items()}
    layer(torch.randn(2, 4))
    assert all(torch.equal(v, before[k]) for k, v in layer.state_dict().items())


def test_the_weight_stays_in_float32_under_autocast() -> None:
    layer, x = SpectralLinear(64, 64), torch.randn(2, 64)
    plain = layer.eval()(x)
    with torch.autocast("cpu", torch.bfloat16):
        cast = layer(x)
    assert cast.dtype == torch.bfloat16
    torch.testing.assert_close(cast.float(), plain, atol=0.05, rtol=0.05)


def test_discriminators_without_a_norm_layer() -> None:
    """AttnGAN++: every layer but the heads has a bounded weight and a bias, and none a norm."""
    for network, heads in (
        (StageDiscriminator(16, 4, 6, norm="spectral"), 2),
        (ReedDiscriminator([16], 4, 6, 3, norm="spectral"), 1),
    ):
        kinds = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        bounded = [m for m in kinds if isinstance(m, SpectralConv2d | SpectralLinear)]
        assert len(kinds) - len(bounded) == heads
        assert not [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._NormBase)]
        assert all(layer.bias is not None for layer in kinds)


def test_no_picture_depends_on_another() -> None:
    network = StageDiscriminator(16, 4, 6, norm="spectral").eval()
    images, sentence = torch.randn(4, 3, 16, 16), torch.randn(4, 6)
    alone, together = network(images[:1], sentence[:1])[0], network(images, sentence)[0]
    torch.testing.assert_close(alone, together[:1])


def test_a_transposed_convolution_is_bounded_by_its_outputs() -> None:
    """Its weight is (inputs, outputs, 4, 4); the matrix is that of the outputs, as a plain one."""
    torch.manual_seed(0)
    layer, x = SpectralConvTranspose2d(3, 5, 4, 2, 1).eval(), torch.randn(2, 3, 8, 8)
    initialise(layer, 3.0)
    stored = stored_weight(layer)
    assert layer.bias is None and stored.shape == (3, 5, 4, 4)
    expected = stored / largest(stored.transpose(0, 1))
    torch.testing.assert_close(
        layer(x), F.conv_transpose2d(x, expected, None, 2, 1), atol=0.05, rtol=0.05
    )
