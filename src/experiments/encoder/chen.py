"""The trunk of both classifiers of Chen et al. 2017: convolutions, then layers over all of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from experiments.layer.resize import at_side

ChenNorm = Literal["none", "batch"]


class ChenCNN(nn.Module):
    """3x3 convolutions with ReLU, then fully connected layers; the last of them are the features.

    As a network of sounds: four strided convolutions. As one of pictures: six, of which the second
    and the last are followed by max pooling. A classifier adds its heads.
    """

    region_channels = 0  # it gives no regions

    def __init__(
        self,
        shape: Sequence[int] = (1, 128, 44),
        widths: Sequence[int] = (4, 8, 16, 16),
        strides: Sequence[int] = (2, 2, 2, 2),
        pools: Sequence[int] = (1, 1, 1, 1),
        hidden: Sequence[int] = (1024, 128),
        dropout: Sequence[float] = (0.7, 0.8),
        norm: ChenNorm = "none",
        convolutions: int | None = None,
    ) -> None:
        """`shape`: (C, H, W) of what it sees; its layers over all of it fit no other. `widths`,
        `strides`, `pools`: of each convolution, its channels, its stride and the side over which
        the largest value is taken after it (1: none). `hidden` and `dropout`: of each fully
        connected layer, its features and the share of them that training loses (before ReLU, as
        drawn). `norm`: a batch norm after each convolution is this project's choice.
        `convolutions`: the first so many of those listed, None: all.
        """
        super().__init__()
        assert len(widths) == len(strides) == len(pools) > 0, "a stride and a pool for each width"
        assert len(hidden) == len(dropout) > 0, "a dropout for each fully connected layer"
        assert norm in ("none", "batch"), f"norm must be 'none' or 'batch', got {norm!r}"
        assert convolutions is None or 0 < convolutions <= len(widths), (
            f"convolutions: 1 to {len(widths)}, of which widths are listed"
        )
        inputs, height, width = shape
        self.shape = list(shape)
        self.pooled_channels = hidden[-1]
        layers: list[nn.Module] = []
        listed = list(zip(widths, strides, pools, strict=True))[:convolutions]
        for outputs, stride, pool in listed:
            layers.append(nn.Conv2d(inputs, outputs, 3, stride, 1))
            layers += [nn.BatchNorm2d(outputs)] if norm == "batch" else []
            layers.append(nn.ReLU())
            layers += [nn.MaxPool2d(pool)] if pool > 1 else []
            inputs = outputs
            height, width = (((side - 1) // stride + 1) // pool for side in (height, width))
        assert height and width, f"{list(shape)} is too small for so many strides and pools"
        self.convolutions = nn.Sequential(*layers)
        sides = [inputs * height * width, *hidden]
        dense: list[nn.Module] = []
        for (before, after), rate in zip(pairwise(sides), dropout, strict=True):
            dense += [nn.Linear(before, after), nn.Dropout(rate), nn.ReLU()]
        self.dense = nn.Sequential(*dense)

    def forward(self, values: Tensor) -> tuple[None, Tensor]:
        """values (B, *shape) in [-1, 1]; pictures of another side are resized. Returns no regions,
        and features (B, pooled_channels) from 0."""
        channels, height, width = self.shape
        if channels == 3 and height == width:
            values = at_side(values, height)
        assert list(values.shape[1:]) == self.shape, (
            f"it sees {self.shape} and got {list(values.shape[1:])}"
        )
        return None, self.dense(self.convolutions(values).flatten(1))
