"""Inception-v3 as the Fréchet Inception Distance defines it: the TensorFlow graph of 2015-12-05.

Szegedy et al. 2016 (rethinking the Inception architecture), with what that graph does otherwise:
average pools count no padding, the last block pools by maximum, and there are 1008 logits.
Parameters bear the names of the state dict that pytorch-fid and torch-fidelity distribute.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INPUT_SIZE = 299
FEATURES = 2048
LOGITS = 1008
BN_EPSILON = 1e-3

Kernel = int | tuple[int, int]
# (name, channels, kernel, stride); stride 1 keeps the size, stride 2 takes no padding.
Step = tuple[str, int, Kernel, int]
WIDE, TALL = (1, 7), (7, 1)


class Conv(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Kernel, stride: int = 1, padded: bool = True
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if padded else (0, 0)
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=BN_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """Parallel chains of convolutions, concatenated, and a pooled branch last.

    A chain is a list of steps; steps whose names end in a letter are applied side by side to what
    comes before them. `pool` is "average" or "max" (both followed by a 1x1 convolution
    `branch_pool` of `pool_channels`), or "reduce", a bare maximum of stride 2.
    """

    def __init__(
        self, inputs: int, chains: list[list[Step]], pool: str, pool_channels: int = 0
    ) -> None:
        super().__init__()
        self.chains = [[name for name, *_ in chain] for chain in chains]
        self.pool = pool
        for chain in chains:
            channels = inputs
            for name, outputs, kernel, stride in chain:
                self.add_module(name, Conv(channels, outputs, kernel, stride, padded=stride == 1))
                if name[-1] != "a":
                    channels = outputs
        if pool != "reduce":
            self.branch_pool = Conv(inputs, pool_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        branches = []
        for names in self.chains:
            y, side_by_side = x, []
            for name in names:
                step = self.get_submodule(name)
                if name[-1] in "ab":
                    side_by_side.append(step(y))
                else:
                    y = step(y)
            branches += side_by_side or [y]
        return torch.cat([*branches, self._pooled(x)], 1)

    def _pooled(self, x: Tensor) -> Tensor:
        if self.pool == "reduce":
            return F.max_pool2d(x, 3, 2)
        if self.pool == "max":
            return self.branch_pool(F.max_pool2d(x, 3, 1, 1))
        return self.branch_pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False))


def _block_5(inputs: int, pool_channels: int) -> Mixed:
    chains: list[list[Step]] = [
        [("branch1x1", 64, 1, 1)],
        [("branch5x5_1", 48, 1, 1), ("branch5x5_2", 64, 5, 1)],
        [("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 1), ("branch3x3dbl_3", 96, 3, 1)],
    ]
    return Mixed(inputs, chains, "average", pool_channels)


def _block_6a() -> Mixed:
    chains: list[list[Step]] = [
        [("branch3x3", 384, 3, 2)],
        [("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 1), ("branch3x3dbl_3", 96, 3, 2)],
    ]
    return Mixed(288, chains, "reduce")


def _block_6(middle: int) -> Mixed:
    chains: list[list[Step]] = [
        [("branch1x1", 192, 1, 1)],
        [
            ("branch7x7_1", middle, 1, 1),
            ("branch7x7_2", middle, WIDE, 1),
            ("branch7x7_3", 192, TALL, 1),
        ],
        [
            ("branch7x7dbl_1", middle, 1, 1),
            ("branch7x7dbl_2", middle, TALL, 1),
            ("branch7x7dbl_3", middle, WIDE, 1),
            ("branch7x7dbl_4", middle, TALL, 1),
            ("branch7x7dbl_5", 192, WIDE, 1),
        ],
    ]
    return Mixed(768, chains, "average", 192)


def _block_7a() -> Mixed:
    chains: list[list[Step]] = [
        [("branch3x3_1", 192, 1, 1), ("branch3x3_2", 320, 3, 2)],
        [
            ("branch7x7x3_1", 192, 1, 1),
            ("branch7x7x3_2", 192, WIDE, 1),
            ("branch7x7x3_3", 192, TALL, 1),
            ("branch7x7x3_4", 192, 3, 2),
        ],
    ]
    return Mixed(768, chains, "reduce")


def _block_7(inputs: int, pool: str) -> Mixed:
    chains: list[list[Step]] = [
        [("branch1x1", 320, 1, 1)],
        [
            ("branch3x3_1", 384, 1, 1),
            ("branch3x3_2a", 384, (1, 3), 1),
            ("branch3x3_2b", 384, (3, 1), 1),
        ],
        [
            ("branch3x3dbl_1", 448, 1, 1),
            ("branch3x3dbl_2", 384, 3, 1),
            ("branch3x3dbl_3a", 384, (1, 3), 1),
            ("branch3x3dbl_3b", 384, (3, 1), 1),
        ],
    ]
    return Mixed(inputs, chains, pool, 192)


class Inception(nn.Module):
    """Pixels (B, 3, H, W) in 0..255 to features (B, 2048) and logits (B, 1008).

    The logits leave out the bias, as the reference script of the Inception Score does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, 2, padded=False)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, padded=False)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, padded=False)
        self.Mixed_5b = _block_5(192, 32)
        self.Mixed_5c = _block_5(256, 64)
        self.Mixed_5d = _block_5(288, 64)
        self.Mixed_6a = _block_6a()
        self.Mixed_6b = _block_6(128)
        self.Mixed_6c = _block_6(160)
        self.Mixed_6d = _block_6(160)
        self.Mixed_6e = _block_6(192)
        self.Mixed_7a = _block_7a()
        self.Mixed_7b = _block_7(1280, "average")
        self.Mixed_7c = _block_7(2048, "max")
        self.fc = nn.Linear(FEATURES, LOGITS)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        x = (resize_tensorflow1(pixels, INPUT_SIZE) - 128) / 128
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))
        x = self.Mixed_6e(self.Mixed_6d(x))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        features = x.mean((2, 3))
        return features, F.linear(features, self.fc.weight)


def resize_tensorflow1(images: Tensor, size: int) -> Tensor:
    """Bilinear to (size, size) as TensorFlow 1 does: output i lies at i * in / out, unfiltered.

    Corners are not aligned, and pixel centres have no half-pixel offset.
    """
    if images.shape[-2:] == (size, size):
        return images
    for dim in (-2, -1):
        length = images.shape[dim]
        position = torch.arange(size, device=images.device, dtype=images.dtype) * (length / size)
        low = position.floor().long().clamp(max=length - 1)
        high = (low + 1).clamp(max=length - 1)
        weight = position - low
        weight = weight[:, None] if dim == -2 else weight
        below = images.index_select(dim, low)
        images = below + (images.index_select(dim, high) - below) * weight
    return images
