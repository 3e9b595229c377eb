"""The Inception of the FID: its state dict, its resize, and what sets it apart."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.encoder.inception import Conv, Mixed
from experiments.metric.inception import Inception, resize_tensorflow1


@pytest.fixture(scope="module")
def network() -> Inception:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Inception().eval()


def test_state_dict_of_the_reference(network: Inception) -> None:
    state = network.state_dict()
    assert sum(parameter.numel() for parameter in network.parameters()) == 23_850_960
    # 94 convolutions with five tensors of a norm each, and the classifier.
    assert len(state) == 94 * 6 + 2
    for name, shape in {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_4a_3x3.bn.running_var": (192,),
        "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_5d.branch_pool.conv.weight": (64, 288, 1, 1),
        "Mixed_6a.branch3x3dbl_3.conv.weight": (96, 96, 3, 3),
        "Mixed_6b.branch7x7dbl_2.conv.weight": (128, 128, 7, 1),
        "Mixed_6e.branch7x7_2.conv.weight": (192, 192, 1, 7),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7b.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
        "Mixed_7c.branch3x3_2a.conv.weight": (384, 384, 1, 3),
        "fc.weight": (1008, 2048),
        "fc.bias": (1008,),
    }.items():
        assert state[name].shape == shape, name
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {1e-3}


def test_features_and_logits_without_bias(network: Inception) -> None:
    pixels = torch.randint(0, 256, (2, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features, logits = network(pixels.float())
        alone, _ = network(pixels[1:].float())
    assert features.shape == (2, 2048) and logits.shape == (2, 1008)
    assert torch.allclose(logits, features @ network.fc.weight.T, atol=1e-5)
    assert torch.allclose(alone[0], features[1], rtol=1e-3, atol=1e-5)


def test_each_block_keeps_or_halves_the_grid(network: Inception) -> None:
    x = torch.rand(1, 192, 35, 35)
    for name, shape in {
        "5b": (256, 35), "5c": (288, 35), "5d": (288, 35), "6a": (768, 17), "6b": (768, 17),
        "6c": (768, 17), "6d": (768, 17), "6e": (768, 17), "7a": (1280, 8), "7b": (2048, 8),
        "7c": (2048, 8),
    }.items():  # fmt: skip
        with torch.no_grad():
            x = network.get_submodule(f"Mixed_{name}")(x)
        assert x.shape == (1, shape[0], shape[1], shape[1]), name


def passing(pool: str) -> Mixed:
    """A block with a pooled branch of one channel alone that lets the pooled value pass."""
    block = Mixed(1, [], pool, 1).eval()
    conv: Conv = block.branch_pool
    torch.nn.init.ones_(conv.conv.weight)
    conv.bn.running_var.fill_(1 - conv.bn.eps)
    return block


def test_average_pools_count_no_padding_and_the_last_pools_by_maximum(network: Inception) -> None:
    x = torch.ones(1, 1, 3, 3)
    x[0, 0, 1, 1] = 7
    average = passing("average")(x).squeeze()
    # A corner sees four pixels, (3 + 7) / 4; counting padding would give 10 / 9.
    assert average[0, 0].item() == pytest.approx(2.5, rel=1e-5)
    assert average[1, 1].item() == pytest.approx(15 / 9, rel=1e-5)
    assert passing("max")(x).squeeze().flatten().tolist() == pytest.approx([7.0] * 9, rel=1e-5)
    assert network.Mixed_7b.pool == "average"
    assert network.Mixed_7c.pool == "max"


def row(*values: float) -> Tensor:
    return torch.tensor(values).view(1, 1, 1, -1).repeat(1, 1, len(values), 1)


def test_resize_by_hand() -> None:
    # Twice as wide: positions 0, 1/2, 1, 3/2; the last pixel repeats. No half-pixel offset.
    larger = resize_tensorflow1(row(0, 10), 4)
    assert larger[0, 0, 0].tolist() == [0, 5, 10, 10]
    # Half as wide: positions 0 and 2, the others are not looked at.
    assert resize_tensorflow1(row(1, 100, 3, 100), 2)[0, 0, 1].tolist() == [1, 3]


def test_resize_treats_both_directions_alike_and_keeps_flat_pictures() -> None:
    images = torch.rand(2, 3, 20, 33, generator=torch.Generator().manual_seed(0))
    turned = resize_tensorflow1(images.transpose(2, 3), 50).transpose(2, 3)
    assert torch.allclose(resize_tensorflow1(images, 50), turned, atol=1e-6)
    flat = torch.full((1, 3, 7, 9), 42.0)
    assert resize_tensorflow1(flat, 299).unique().tolist() == [42]
    assert resize_tensorflow1(images[..., :20], 20).shape == (2, 3, 20, 20)
