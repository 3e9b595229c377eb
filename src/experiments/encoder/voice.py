"""Speech2Face's voice encoder: the features of a face from a spectrum (Oh et al. 2019, table 1).

Two independent ports agree on every layer. In a block the order is convolution, ReLU, then batch
normalisation, and pooling is along time alone, since neighbouring frequencies say other things.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from experiments.layer.width import scaled

KERNEL = 4  # of every convolution, both ways, without padding
# (channels, stride, whether a pooling follows) of each block; the last convolution stands apart.
BLOCKS = (
    (64, 1, False),
    (64, 1, False),
    (128, 1, True),
    (128, 1, True),
    (128, 1, True),
    (256, 1, True),
    (512, 1, False),
    (512, 2, False),
)
LAST_STRIDE = 2
HIDDEN = 4096  # of the layer before the features
POOLS = 5  # four between convolutions, and the mean


class VoiceEncoder(nn.Module):
    """Convolutions of 4 x 4, the mean over all of the time, and two layers to the features."""

    def __init__(
        self,
        shape: Sequence[int],
        dim: int = 4096,
        width: float = 1.0,
        freq_pool: Sequence[int] = (1,) * POOLS,
        last_relu: bool = False,
    ) -> None:
        """`shape`: (2, frames, frequencies) of a sound: the real and the imaginary part. `dim`: of
        the features. `width`: of all layers, as a share of the published widths. `freq_pool`: how
        many neighbouring frequencies the four poolings and the mean at the end join; published are
        ones, and of the 148 million weights, 119.5 million then stand behind the mean. `last_relu`:
        of features that are taken behind a ReLU, as one port has it.
        """
        super().__init__()
        inputs, frames, frequencies = shape
        assert inputs == 2, f"shape={list(shape)}: give the real and the imaginary part, 2 maps"
        assert width > 0, f"width={width}: must be positive"
        assert len(freq_pool) == POOLS and min(freq_pool) > 0, (
            f"freq_pool={list(freq_pool)}: must be {POOLS} whole numbers from 1"
        )
        self.shape, self.dim = (int(inputs), int(frames), int(frequencies)), dim
        layers, pools = list[nn.Module](), list(freq_pool)
        for channels, stride, pooled in BLOCKS:
            outputs = scaled(channels, width)
            layers += [nn.Conv2d(inputs, outputs, KERNEL, stride), nn.ReLU()]
            layers += [nn.BatchNorm2d(outputs)]
            layers += [nn.MaxPool2d((2, pools.pop(0)))] if pooled else []
            inputs = outputs
        layers.append(nn.Conv2d(inputs, inputs, KERNEL, LAST_STRIDE))
        self.layers, (self.last_pool,) = nn.Sequential(*layers), pools
        self.norm = nn.BatchNorm2d(inputs)
        times = _left(frames, [2] * (POOLS - 1))
        assert times > 0, (
            f"a sound of {frames} frames is too short for these layers, which need {shortest()}"
        )
        kept = -(-_left(frequencies, freq_pool[:-1]) // self.last_pool)
        assert kept > 0, f"{frequencies} frequencies are too few with freq_pool={list(freq_pool)}"
        hidden = scaled(HIDDEN, width)
        self.head = nn.Sequential(
            nn.Linear(inputs * kept, hidden),
            nn.ReLU(),
            nn.Linear(hidden, dim),
            *([nn.ReLU()] if last_relu else []),
        )

    def forward(self, values: Tensor) -> Tensor:
        """values: (B, 2, T, F), T of any length from `shortest()`. Returns features (B, dim)."""
        heard = self.layers(values).mean(2)
        if self.last_pool > 1:
            heard = F.avg_pool1d(heard, self.last_pool, ceil_mode=True)
        return self.head(self.norm(heard.relu()[:, :, None]).flatten(1))  # type: ignore[no-any-return]


def shortest() -> int:
    """Frames that a sound needs: 259."""
    need = KERNEL
    for _, stride, pooled in reversed(BLOCKS):
        need = 2 * need if pooled else need
        need = (need - 1) * stride + KERNEL
    return need


def _left(size: int, pools: Sequence[int]) -> int:
    """What of a side is left behind the last convolution; 0 or less: nothing."""
    rest = list(pools)
    for _, stride, pooled in BLOCKS:
        size = (size - KERNEL) // stride + 1
        size = size // rest.pop(0) if pooled else size
    return (size - KERNEL) // LAST_STRIDE + 1
