"""3-D layers: which sizes one class serves, and few channels' own way is the same function."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from experiments.layer.conditional import ConditionalBatchNorm
from experiments.layer.volume import (
    Doubling3d,
    Halving3d,
    base_of,
    doubled,
    halved_in_cells,
    halvings,
    last,
)


@pytest.mark.parametrize(
    ("frames", "side", "base", "ups"),
    [
        (16, 48, (1, 3, 3), 4),
        (8, 24, (1, 3, 3), 3),
        (8, 32, (1, 4, 4), 3),
        (32, 64, (2, 4, 4), 4),
    ],
)
def test_the_base_of_the_published_sizes(
    frames: int, side: int, base: tuple[int, int, int], ups: int
) -> None:
    assert base_of(frames, side) == base
    assert halvings(side, base) == ups


def test_a_base_that_does_not_fit_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"\[1, 4, 4\] is not doubled to 16 frames of 48 x 48"):
        base_of(16, 48, (1, 4, 4))
    assert base_of(16, 48, [2, 6, 6]) == (2, 6, 6)


def test_doubling_by_phases_is_the_transposed_convolution() -> None:
    x = torch.randn(2, 5, 2, 4, 3, dtype=torch.float64)
    weight = torch.randn(5, 3, 4, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(doubled(x, weight), F.conv_transpose3d(x, weight, None, 2, 1))


@pytest.mark.parametrize("channels", [1, 3])
def test_halving_in_cells_is_the_convolution_and_channels_are_last(channels: int) -> None:
    layer = nn.Conv2d(channels, 5, 4, 2, 1).double()
    found = []
    for fast in (True, False):
        torch.manual_seed(0)
        x = torch.randn(2, channels, 6, 10, dtype=torch.float64, requires_grad=True)
        y = halved_in_cells(layer, last(x)) if fast else layer(x)
        found.append([y, *torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])])
    assert found[0][0].is_contiguous(memory_format=torch.channels_last)
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("shape", [(2, 1, 6, 4), (2, 3, 6, 4), (2, 1, 2, 6, 4), (2, 3, 2, 6, 4)])
def test_what_lies_channels_last_stays_so_in_a_convolution(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    torch.testing.assert_close(last(x), x, rtol=0, atol=0)
    layer, layout = nn.Conv2d(shape[1], 8, 3), torch.channels_last
    if len(shape) == 5:
        layer, layout = nn.Conv3d(shape[1], 8, 2), torch.channels_last_3d  # type: ignore[assignment]
    assert layer(last(x)).is_contiguous(memory_format=layout)


@pytest.mark.parametrize("layer", [Halving3d(3, 5), Doubling3d(5, 3), Halving3d(1, 4, True)])
def test_the_own_way_has_the_same_gradients_and_gradients_of_them(
    layer: Halving3d | Doubling3d,
) -> None:
    layer = layer.double().eval()  # a bounded weight changes with each pass in training
    channels = layer.in_channels
    weights = list(layer.parameters())
    found = []
    for fast in (True, False):
        layer.fast = fast
        x = torch.randn(
            2, channels, 4, 6, 4, dtype=torch.float64, generator=torch.manual_seed(0)
        ).requires_grad_()
        y = layer(x)
        (slope,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        again = torch.autograd.grad(slope.square().sum(), [x, *weights])
        found.append([y, slope, *again])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_a_bounded_halving_has_a_weight_of_norm_one() -> None:
    layer = Halving3d(2, 6, spectral=True)
    assert parametrize.is_parametrized(layer, "weight") and layer.bias is not None
    for _ in range(200):
        layer.weight  # noqa: B018
    largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
    torch.testing.assert_close(largest, torch.tensor(1.0), atol=1e-3, rtol=0)


def test_what_is_told_scales_and_shifts_after_the_statistics() -> None:
    layer = ConditionalBatchNorm(2, 3)
    with torch.no_grad():
        layer.told.weight.zero_()
        layer.told.bias.copy_(torch.tensor([1.0, 0.0, 0.5, -0.5]))  # scales 1, 0; shifts 0.5, -0.5
    made = layer(torch.randn(4, 2, 2, 3, 3) * 5 + 1, torch.zeros(4, 3))
    torch.testing.assert_close(made.mean((0, 2, 3, 4)), torch.tensor([0.5, -0.5]))
    deviation = made.transpose(0, 1).flatten(1).std(1, correction=0)
    torch.testing.assert_close(deviation, torch.tensor([2.0, 1.0]), atol=1e-4, rtol=0)
