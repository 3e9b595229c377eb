"""Inception-v3 as the Fréchet Inception Distance defines it: the TensorFlow graph of 2015-12-05.

What that graph does otherwise than Szegedy et al. 2016: average pools count no padding, the last
block pools by maximum, and there are 1008 logits. Parameters bear the names of the state dict that
pytorch-fid and torch-fidelity distribute.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.encoder.inception import FEATURES, INPUT_SIZE, InceptionTrunk

LOGITS = 1008


class Inception(InceptionTrunk):
    """Pixels (B, 3, H, W) in 0..255 to features (B, 2048) and logits (B, 1008).

    The logits leave out the bias, as the reference script of the Inception Score does.
    """

    def __init__(self) -> None:
        super().__init__("average", "max")
        self.fc = nn.Linear(FEATURES, LOGITS)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        _, maps = self.maps((resize_tensorflow1(pixels, INPUT_SIZE) - 128) / 128)
        features = maps.mean((2, 3))
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
