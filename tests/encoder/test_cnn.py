from __future__ import annotations

import pytest
import torch

from experiments.encoder.cnn import CNN


@pytest.mark.parametrize(
    ("size", "strides", "side"),
    [(128, (2, 2, 2, 2), 8), (64, (2, 2, 2, 1), 8), (64, (1, 2, 2, 2), 8), (50, (2, 2, 2, 2), 4)],
)
def test_regions_have_the_product_of_the_strides(
    size: int, strides: tuple[int, ...], side: int
) -> None:
    trunk = CNN(widths=(4, 4, 8, 12), strides=strides, global_width=16).eval()
    regions, pooled = trunk(torch.zeros(1, 3, size, size))
    assert regions.shape == (1, trunk.region_channels, side * side) == (1, 12, side * side)
    assert pooled.shape == (1, trunk.pooled_channels) == (1, 16)


def test_default_has_the_size_of_the_light_trunk() -> None:
    with torch.device("meta"):
        count = sum(p.numel() for p in CNN().parameters())
    assert count == 3_538_848


def test_input_size_resizes_first() -> None:
    trunk = CNN(widths=(4, 8), strides=(2, 2), global_width=8, input_size=32).eval()
    assert trunk(torch.zeros(1, 3, 100, 60))[0].shape[2] == 64


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_gradients_reach_the_first_layer(norm: str) -> None:
    trunk = CNN(widths=(4, 8), strides=(2, 2), blocks=2, global_width=8, norm=norm)  # type: ignore[arg-type]
    regions, pooled = trunk(torch.randn(2, 3, 16, 16))
    (regions.square().sum() + pooled.square().sum()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in trunk.parameters())
    assert next(trunk.parameters()).grad.abs().sum() > 0  # type: ignore[union-attr]


def test_group_norm_keeps_images_apart() -> None:
    trunk = CNN(widths=(4, 8), strides=(2, 2), global_width=8, norm="group")
    images = torch.randn(3, 3, 16, 16)
    torch.testing.assert_close(trunk(images)[1][:1], trunk(images[:1])[1])
