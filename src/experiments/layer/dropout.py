"""Dropout whose mask is a function of one whole number a row: dropout as the noise of a generator.

PyTorch's own draws from a generator that all rows share, so that what is made of a row would depend
on its neighbours in the batch. Here each value's mask is a hash of its row's number, its layer and
its place: the same alone and in a batch, on every device, in training and in sampling. Nothing but
one number a row travels to a device.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

LEVELS = 256  # shares that a byte can tell apart
STEP = -7046029254386353131  # 2^64 / golden ratio: neighbouring places are far apart
# SplitMix64's finaliser (Steele, Lea and Flood 2014), as signed numbers: shift right, multiply.
MIXED = ((30, -4658895280553007687), (27, -7723592293110705685))
LAST = 31


def hashed(numbers: Tensor) -> Tensor:
    """int64 of any shape -> int64 whose 64 bits each depend on all of the number's."""
    for shift, factor in MIXED:
        numbers = (numbers ^ _shifted(numbers, shift)) * factor
    return numbers ^ _shifted(numbers, LAST)


def _shifted(numbers: Tensor, by: int) -> Tensor:
    """Towards the right, filled with zeros: PyTorch's own repeats the sign."""
    return (numbers >> by) & ((1 << (64 - by)) - 1)


def share_of(dropout: float) -> int:
    """The share of values that are left out, in 256ths."""
    share = round(dropout * LEVELS)
    assert 0 <= share < LEVELS, f"dropout={dropout}: must lie from 0 to below 1"
    return share


def masks(numbers: Tensor, layer: int, shape: tuple[int, ...], dropout: float) -> Tensor:
    """Whether each value stays, bool (B, *shape), for rows of the numbers (B,) int64.

    A value is left out with probability `dropout`, rounded to 256ths; layers are independent.
    """
    count = math.prod(shape)
    words = torch.arange(-(-count // 8), device=numbers.device)
    rows = hashed(numbers + STEP * torch.full_like(numbers, layer + 1))[:, None]
    drawn = hashed(rows + STEP * words).view(torch.uint8)  # eight bytes a word
    return (drawn[:, :count] >= share_of(dropout)).view(-1, *shape)


def dropped(x: Tensor, numbers: Tensor, layer: int, dropout: float) -> Tensor:
    """x (B, ...) with a share of its values 0 and the others divided by 1 - `dropout`."""
    share = share_of(dropout)
    if not share:
        return x
    stays = masks(numbers, layer, tuple(x.shape[1:]), dropout)
    return torch.where(stays, x * (LEVELS / (LEVELS - share)), 0.0)
