"""Wav2Pix's speech encoder: a raw waveform to one vector (Duarte et al. 2019, section 3).

The strided convolutions of SEGAN's discriminator (Pascual 2017), then three linear layers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

KERNEL, STRIDE = 15, 4
BEFORE, BEHIND = 6, 7  # zeros around a wave
SLOPE = 0.3
TAPS = -(-KERNEL // STRIDE) * STRIDE  # 16: the kernel in whole strides
EPSILON = 1e-6  # of a mean square
MANY = 32  # channels from which on PyTorch's own convolution is as fast


def strided(length: int) -> int:
    """Values that a convolution makes of so many: a quarter of them, but for a remainder of 1."""
    return (length + BEFORE + BEHIND - KERNEL) // STRIDE + 1


class StridedConv1d(nn.Conv1d):
    """Kernel 15, stride 4, 6 zeros before and 7 behind: (B, C, L) -> (B, outputs, `strided`(L)).

    `fast`: of few channels it is computed as a convolution of kernel 4 and stride 1 over four times
    as many channels and a quarter of the length: the same sum, and on a CPU 1.4 to 2.4 times as
    fast. The stored weight is the kernel of 15.
    """

    fast = True

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, KERNEL, STRIDE)

    def forward(self, x: Tensor) -> Tensor:
        if not self.fast or self.in_channels >= MANY or x.device.type == "cuda":
            padded = F.pad(x, (BEFORE, BEHIND))
            return F.conv1d(padded, self.weight, self.bias, STRIDE)
        whole = (strided(x.shape[2]) - 1) * STRIDE + TAPS
        padded = F.pad(x, (BEFORE, whole - BEFORE - x.shape[2]))
        folded = padded.unflatten(2, (-1, STRIDE)).transpose(2, 3).flatten(1, 2)
        kernel = F.pad(self.weight, (0, TAPS - KERNEL)).unflatten(2, (-1, STRIDE))
        return F.conv1d(folded, kernel.transpose(2, 3).flatten(1, 2), self.bias)


class Wav2PixEncoder(nn.Module):
    """A waveform (B, samples) to a vector (B, dim), from 0 on: its last layer has a ReLU."""

    def __init__(
        self,
        samples: int = 16384,
        channels: Sequence[int] = (16, 32, 128, 256, 512, 1024),
        hidden: int = 256,
        dim: int = 128,
        normalised: bool = False,
    ) -> None:
        """`samples`: of every wave, which decide the size of the first linear layer: 4,096 inputs
        for 1 s at 16 kHz, 16,384 for 4 s, 3,072 for 0.7 s. `channels`: of each convolution.
        `normalised`: the vector's root mean square is 1, so that it does not grow while the
        identity is learned, and what judges it stays steady (this project's choice).
        """
        super().__init__()
        assert samples > 0 and channels, f"samples={samples}, channels={list(channels)}"
        self.samples, self.dim, self.normalised = samples, dim, normalised
        layers: list[nn.Module] = []
        inputs, length = 1, samples
        for outputs in channels:
            layers += [StridedConv1d(inputs, outputs), nn.BatchNorm1d(outputs)]
            layers.append(nn.LeakyReLU(SLOPE))
            inputs, length = outputs, strided(length)
        assert length > 0, f"samples={samples} are too few for {len(channels)} convolutions"
        self.layers = nn.Sequential(*layers)
        self.vector = nn.Sequential(
            nn.Linear(inputs * length, hidden),
            nn.ReLU(),
            nn.Linear(hidden, dim),
            nn.ReLU(),
            nn.Linear(dim, dim),
            nn.ReLU(),
        )

    def forward(self, waves: Tensor) -> Tensor:
        """waves (B, samples) in [-1, 1], from which pre-emphasis may lead out."""
        assert waves.shape[1] == self.samples, f"{waves.shape[1]} samples, not {self.samples}"
        made: Tensor = self.vector(self.layers(waves[:, None]).flatten(1))
        if not self.normalised:
            return made
        return made * (made.float().square().mean(1, keepdim=True) + EPSILON).rsqrt().to(made.dtype)
