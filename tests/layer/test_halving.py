"""The rule by which maps of any shape are halved, and doubled back."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.layer.halving import Doublings, Halvings, smallest, widths_of

SHAPES = {
    (3, 128, 128): ([64, 128, 256, 512, 512], (512, 4, 4)),
    (1, 128, 32): ([64, 128, 256, 512], (512, 8, 2)),
    (1, 32, 128): ([64, 128, 256, 512], (512, 2, 8)),
    (1, 128, 128): ([64, 128, 256, 512, 512], (512, 4, 4)),
    (3, 64, 64): ([64, 128, 256, 512], (512, 4, 4)),
    (3, 8, 8): ([64], (64, 4, 4)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_left_of_a_shape(shape: tuple[int, int, int]) -> None:
    widths, left = SHAPES[shape]
    assert widths_of(shape, 64) == widths and smallest(shape, 64) == left


@pytest.mark.parametrize("shape", [(1, 128, 32), (3, 16, 16), (1, 16, 48)])
def test_down_and_up_again(shape: tuple[int, int, int]) -> None:
    down = Halvings(shape, 2)
    maps = down(torch.randn(3, *shape))
    assert maps.shape[1:] == down.shape == smallest(shape, 2) and down.size == maps[0].numel()
    up = Doublings(7, shape, 2)
    made = up(10 * torch.randn(3, 7))
    assert made.shape == (3, *shape) and made.abs().max() <= 1 and made.dtype == torch.float32
    made.square().mean().backward()
    assert up.seed.weight.grad is not None and up.seed.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("shape", [(1, 128, 44), (3, 4, 4), (1, 30, 32)])
def test_what_cannot_be_halved_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(AssertionError, match=f"maps of {shape[1]} x {shape[2]} cannot be halved"):
        Halvings(shape, 4)


def test_spectral_layers_have_no_norm_of_their_own() -> None:
    kinds = {type(layer) for layer in Halvings((1, 32, 32), 2, "spectral")}
    assert not kinds & {nn.BatchNorm2d, nn.GroupNorm}
    assert any(isinstance(layer, nn.GroupNorm) for layer in Halvings((1, 32, 32), 4, "group"))
