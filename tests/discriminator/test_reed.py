from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.discriminator.attngan import StageDiscriminator
from experiments.discriminator.reed import ReedDiscriminator


def millions(network: torch.nn.Module) -> float:
    return sum(p.numel() for p in network.parameters()) / 1e6


@pytest.mark.parametrize(
    ("options", "published"),
    [
        ({}, 4.03),  # GAN-CLS
        ({"text_norm": False}, 4.03),  # StackGAN, stage 1, TensorFlow
        ({"text_norm": False, "width": 196}, 36.2),  # GAN-CLS, COCO
        ({"text_norm": False, "resolutions": [256]}, 48.6),  # StackGAN, stage 2, TensorFlow
    ],
)
def test_parameter_counts_are_the_published_ones(options: dict[str, Any], published: float) -> None:
    with torch.device("meta"):
        network = ReedDiscriminator(**options)
    assert millions(network) == pytest.approx(published, abs=0.05)


@pytest.mark.parametrize(
    ("resolution", "width", "unconditional", "published"),
    [
        (64, 64, False, 5.72),  # StackGAN in PyTorch, stage 1
        (256, 64, False, 71.3),  # and stage 2
        (64, 96, False, 12.4),
        (256, 96, False, 159.9),
        (64, 64, True, 5.72),  # StackGAN-v2
        (128, 64, True, 18.8),
        (256, 64, True, 71.3),
    ],
)
def test_the_other_releases_are_attngan_s_trunks_told_128_numbers(
    resolution: int, width: int, unconditional: bool, published: float
) -> None:
    with torch.device("meta"):
        network = StageDiscriminator(resolution, width, 128, unconditional=unconditional)
    assert millions(network) == pytest.approx(published, abs=0.05)


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("resolution", [8, 16, 64, 256])
def test_logits_are_one_for_each_pair(resolution: int, residual: bool) -> None:
    network = ReedDiscriminator([resolution], 4, 6, 3, residual)
    ((conditional, unconditional),) = network(
        [torch.randn(3, 3, resolution, resolution)], torch.randn(3, 6)
    )
    assert conditional.shape == (3,) and unconditional is None


def test_activations_of_the_released_network() -> None:
    """After the first and the second convolution, then only after the block's sum."""
    layers = ReedDiscriminator().layers
    kinds = [type(layer).__name__ for layer in layers]
    assert [k for k in kinds if k != "BatchNorm2d"] == [
        *("Conv2d", "LeakyReLU", "Conv2d", "LeakyReLU", "Conv2d", "Conv2d"),
        *("Bottleneck", "LeakyReLU"),
    ]


def test_features_serve_right_and_wrong_sentences() -> None:
    network = ReedDiscriminator([16], 2, 6, 3).eval()
    images, right, wrong = [torch.randn(2, 3, 16, 16)], torch.randn(2, 6), torch.randn(2, 6)
    (features,) = network.trunks([images])
    (((first, _),), ((second, _),)) = network.heads([features, features], [right, wrong])
    torch.testing.assert_close(first, network(images, right)[0][0])
    torch.testing.assert_close(second, network(images, wrong)[0][0])
    assert not torch.equal(network(images, right)[0][0], network(images, wrong)[0][0])
