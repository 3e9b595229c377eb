"""Projected GAN on EfficientNet-Lite0: counts as published, and what changes in it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from experiments.discriminator.projected import Mixing, ProjectedDiscriminator
from experiments.encoder.efficientnet_lite0 import EfficientNetLite0

CHANNELS = EfficientNetLite0.scale_channels


class Halved(nn.Module):
    """In place of a network that knows pictures: their means at four scales, in many channels."""

    scale_channels = CHANNELS

    def scales(self, images: Tensor) -> list[Tensor]:
        found = []
        for index, channels in enumerate(CHANNELS):
            seen = nn.functional.avg_pool2d(images, 4 << index)
            found.append(seen.repeat(1, channels // 3 + 1, 1, 1)[:, :channels])
        return found


def made(text_dim: int = 6, **options: Any) -> ProjectedDiscriminator:
    torch.manual_seed(0)
    judge = ProjectedDiscriminator([32], Halved(), text_dim, 128, **options)
    judge.own_start()
    return judge


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_it_has_as_many_weights_as_published() -> None:
    with torch.device("meta"):
        plain = ProjectedDiscriminator([64], Halved(), text_dim=0)
        told = ProjectedDiscriminator([64], Halved(), text_dim=256)
        separable = ProjectedDiscriminator([64], Halved(), text_dim=0, separable=True)
    assert count(plain.judges) == 10_331_328 and count(separable.judges) == 696_512
    assert count(plain.mixing) == 376_768
    sentences = sum(count(judge.told) for judge in told.judges)  # type: ignore[arg-type]
    assert count(told.judges) - count(plain.judges) - sentences == 2_064_384
    assert sentences == 4 * (256 * 64 + 64)


def test_scales_of_the_network_that_sees() -> None:
    network = EfficientNetLite0(None)
    with torch.no_grad():
        maps = network.scales(torch.zeros(1, 3, 128, 128))
        regions, _ = network(torch.zeros(1, 3, 128, 128))
    assert [tuple(one.shape[1:]) for one in maps] == [
        (channels, side, side) for channels, side in zip(CHANNELS, (32, 16, 8, 4), strict=True)
    ]
    assert torch.equal(maps[2].flatten(2), regions)


def test_scales_are_mixed_from_the_smallest_up() -> None:
    mixing = Mixing(CHANNELS)
    mixing.own_start()
    maps = [torch.randn(2, c, 32 >> i, 32 >> i) for i, c in enumerate(CHANNELS)]
    before = mixing(maps)
    assert [tuple(one.shape[1:]) for one in before] == [
        *((64, 64, 64), (64, 32, 32), (128, 16, 16), (256, 8, 8))
    ]
    maps[1] = maps[1] + 1
    changed = [not torch.equal(a, b) for a, b in zip(before, mixing(maps), strict=True)]
    assert changed == [True, True, False, False]


def test_what_trains_is_the_judges_alone() -> None:
    judge = made()
    trained = {name.partition(".")[0] for name, p in judge.named_parameters() if p.requires_grad}
    assert trained == {"judges"}
    image, told = torch.randn(3, 3, 32, 32, requires_grad=True), torch.randn(3, 6)
    ((logits, alone),) = judge([image], told)
    assert logits.shape == (3, 4) and alone is None
    logits.sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0
    assert all(p.grad is not None for p in judge.judges.parameters())


@pytest.mark.parametrize("separable", [False, True])
def test_batches_are_judged_apart_and_each_with_its_sentences(separable: bool) -> None:
    judge = made(separable=separable).eval()
    torch.manual_seed(1)
    images, told = torch.randn(2, 2, 3, 32, 32), torch.randn(2, 2, 6)
    features = judge.trunks([[one] for one in images])
    both = judge.heads(features, list(told))
    for one, sentence, ((logits, _),) in zip(images, told, both, strict=True):
        torch.testing.assert_close(judge([one], sentence)[0][0], logits, atol=1e-5, rtol=1e-4)
    ((other, _),) = judge.heads(features[:1], [told[1]])[0:1][0]
    assert not torch.allclose(other, both[0][0][0])
    without = made(text_dim=0, separable=separable).eval()
    assert torch.equal(without([images[0]], told[0])[0][0], without([images[0]], told[1])[0][0])


def test_a_start_draws_the_mixing_and_leaves_the_network_as_it_is() -> None:
    judge = made()
    first = judge.mixing.across[0].weight.clone()
    judge.own_start()
    assert not torch.equal(judge.mixing.across[0].weight, first)
    assert judge.mixing.across[3].weight.square().mean() == pytest.approx(2 / 320, rel=0.02)
    for layer in judge.judges.modules():
        if isinstance(layer, nn.Conv2d):
            norm = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
            assert norm.item() == pytest.approx(1, abs=0.1)


def test_what_it_cannot_judge() -> None:
    with pytest.raises(AssertionError, match="one stage"):
        ProjectedDiscriminator([32, 64], Halved())
    with pytest.raises(AssertionError, match="multiple of 32 from 128"):
        ProjectedDiscriminator([32], Halved(), input_size=96)
