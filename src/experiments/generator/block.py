"""Building blocks of AttnGAN's generator (Xu et al. 2018; the blocks are StackGAN-v2's)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.generator.base import SEED_SIZE
from experiments.layer.normalisation import Norm, normalisation

OUTWEIGHS = 4  # times as many weights as values: then summing a kernel costs more than it saves


class GLU(nn.Module):
    """a * sigmoid(b) for the two halves (a, b) of axis 1."""

    def forward(self, x: Tensor) -> Tensor:
        return F.glu(x, dim=1)


class UpConv(nn.Module):
    """Nearest-neighbour doubling, then a 3x3 convolution, without bias unless it is asked for.

    `fast` computes the same function from a kernel that sums the 3x3 taps that fall on the same
    input pixel: 4/9 of the multiplications, and no map of four times the size; where kernels are
    far larger than maps, summing them would cost more. The stored weight is the 3x3 kernel.
    """

    def __init__(self, inputs: int, outputs: int, fast: bool, bias: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
        self.fast = fast

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.conv.weight, self.conv.bias
        if not self.fast or weight.numel() > OUTWEIGHS * x.numel():
            return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        if x.is_contiguous():
            y = phase_by_phase(x, summed_kernel(weight))
            return y if bias is None else y + bias[:, None, None].to(y.dtype)
        kernel = summed_kernel(weight).flip(2, 3).transpose(0, 1)
        return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)


def summed_kernel(weight: Tensor) -> Tensor:
    """(out, in, 3, 3) after nearest doubling -> (out, in, 4, 4), by which a transposed convolution
    of stride 2 does the same. Along one axis (w0, w1, w2) becomes (w0, w0 + w1, w1 + w2, w2), in
    which even and odd places are the taps of even and odd outputs."""
    rows = F.pad(weight, (0, 0, 0, 1)) + F.pad(weight, (0, 0, 1, 0))
    return F.pad(rows, (0, 1)) + F.pad(rows, (1, 0))


def phase_by_phase(x: Tensor, kernel: Tensor) -> Tensor:
    """x (B, in, H, W) and a summed kernel -> (B, out, 2H, 2W): even and odd rows and columns are
    channels of one 2x2 convolution. A CPU transposes maps after a transposed convolution, which
    takes twice as long as the convolution; this copies them once."""
    batch, _, height, width = x.shape
    taps = kernel.unflatten(3, (2, 2)).unflatten(2, (2, 2))  # out, in, tap, phase, tap, phase
    y = F.conv2d(x, taps.permute(0, 3, 5, 1, 2, 4).flatten(0, 2), padding=1)
    image, outputs, odd_row, odd_column, row, column = y.unflatten(1, (-1, 2, 2)).stride()
    # Pixel (2i + a, 2j + c) of the output is y[a, c, i + a, j + c].
    doubled = y.as_strided(
        (batch, kernel.shape[0], height, 2, width, 2),
        (image, outputs, row, odd_row + row, column, odd_column + column),
    )
    return doubled.reshape(batch, -1, 2 * height, 2 * width)


class UpBlock(nn.Sequential):
    """Doubling, convolution, norm, GLU: (B, inputs, H, W) -> (B, outputs, 2H, 2W)."""

    def __init__(self, inputs: int, outputs: int, norm: Norm, fast: bool) -> None:
        super().__init__(UpConv(inputs, 2 * outputs, fast), normalisation(norm, 2 * outputs), GLU())


class ResidualBlock(nn.Module):
    """Convolution C -> 2C, norm, GLU, convolution C -> C, norm, and the input; no activation."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 3, padding=1, bias=False),
            normalisation(norm, 2 * channels),
            GLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            normalisation(norm, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class InitialStage(nn.Module):
    """F_0 of AttnGAN and StackGAN-v2: condition and noise to a 4x4 map, then up-blocks."""

    def __init__(
        self, inputs: int, width: int, initial_width: int, ups: int, norm: Norm, fast: bool
    ) -> None:
        super().__init__()
        self.initial_width = initial_width
        seed = initial_width * SEED_SIZE * SEED_SIZE
        self.seed = nn.Sequential(
            nn.Linear(inputs, 2 * seed, bias=False), normalisation(norm, 2 * seed, dims=1), GLU()
        )
        widths = [max(width, initial_width >> step) for step in range(ups)] + [width]
        self.ups = nn.Sequential(
            *(UpBlock(widths[step], widths[step + 1], norm, fast) for step in range(ups))
        )

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        seed = self.seed(torch.cat((condition, noise), dim=1))
        return self.ups(seed.view(-1, self.initial_width, SEED_SIZE, SEED_SIZE))


class WordAttention(nn.Module):
    """Word context of every pixel (AttnGAN, equation 2): e' = U e is both key and value."""

    def __init__(self, channels: int, text_dim: int, legacy_mask: bool) -> None:
        super().__init__()
        self.project = nn.Conv1d(text_dim, channels, 1, bias=False)
        self.legacy_mask = legacy_mask

    def forward(self, h: Tensor, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """h (B, C, H, W); words (B, D, T); mask (B, T), True on real words, one or more a row, or
        how many times a word counts, a float from 0.

        Returns the context (B, C, H, W) and the weights beta (B, T, H, W).
        """
        keys = self.project(words)
        return attended(h, keys, keys, mask, self.legacy_mask)


def attended(
    h: Tensor, keys: Tensor, values: Tensor, mask: Tensor, legacy_mask: bool
) -> tuple[Tensor, Tensor]:
    """What pixels of h (B, C, H, W) find in values (B, C, T) by keys (B, C, T): (B, C, H, W), and
    the weights (B, T, H, W), a softmax over words; `mask` as in `WordAttention`."""
    batch, _, height, width = h.shape
    scores = torch.bmm(keys.transpose(1, 2), h.flatten(2))
    real = _legacy_rows(mask, height * width) if legacy_mask else mask[:, :, None]
    if real.dtype == torch.bool:
        scores = scores.masked_fill(~real, float("-inf"))
    else:
        scores = scores + real.log()
    beta = scores.softmax(dim=1)
    found = torch.bmm(values, beta.to(values.dtype))
    return found.view_as(h), beta.view(batch, -1, height, width)


def _legacy_rows(mask: Tensor, queries: int) -> Tensor:
    """The released code's mask, (B, T, queries): query q of sample b takes row (b Q + q) mod B.

    Its rows are ordered by sample, its mask was tiled by batch, so other samples' padding is
    applied. Only for weights trained that way (AttnGAN issue 93).
    """
    batch = mask.shape[0]
    rows = torch.arange(batch * queries, device=mask.device).remainder(batch)
    return mask[rows].view(batch, queries, -1).transpose(1, 2)
