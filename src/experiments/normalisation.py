"""The choice of normalisation that networks share: batch statistics, or groups of channels."""

from __future__ import annotations

from typing import Literal

from torch import nn

Norm = Literal["batch", "group"]
MAX_GROUPS = 32


def normalisation(kind: Norm, channels: int, dims: int = 2) -> nn.Module:
    """A norm layer for `channels`; `dims` 1 for (B, C) or (B, C, L) input, 2 for maps, 3 for clips.

    "group" computes nothing across the batch: use it for batches of one or two, and where several
    processes must agree with one. It takes the largest group count up to 32 that divides
    `channels` and leaves at least two channels in a group.
    """
    assert kind in ("batch", "group"), f"norm must be 'batch' or 'group', got {kind!r}"
    if kind == "group":
        fitting = (g for g in range(min(MAX_GROUPS, channels // 2), 1, -1) if channels % g == 0)
        return nn.GroupNorm(next(fitting, 1), channels)
    return (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dims - 1](channels)
