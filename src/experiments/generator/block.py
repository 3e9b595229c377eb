"""Building blocks of AttnGAN's generator (Xu et al. 2018; the blocks are StackGAN-v2's)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.generator.base import SEED_SIZE
from experiments.normalisation import Norm, normalisation


class GLU(nn.Module):
    """a * sigmoid(b) for the two halves (a, b) of axis 1."""

    def forward(self, x: Tensor) -> Tensor:
        return F.glu(x, dim=1)


class UpConv(nn.Module):
    """Nearest-neighbour doubling, then a 3x3 convolution without bias.

    `fast` computes the same function as one 4x4 transposed convolution of stride 2, whose kernel
    sums the 3x3 taps that fall on the same input pixel: 4/9 of the multiplications, and no map of
    four times the size. The stored weight is the 3x3 kernel in both forms.
    """

    def __init__(self, inputs: int, outputs: int, fast: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.fast = fast

    def forward(self, x: Tensor) -> Tensor:
        if not self.fast:
            return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return F.conv_transpose2d(x, summed_kernel(self.conv.weight), stride=2, padding=1)


def summed_kernel(weight: Tensor) -> Tensor:
    """(out, in, 3, 3) after nearest doubling -> (in, out, 4, 4) for a stride-2 transposed conv.

    Along one axis (w0, w1, w2) becomes (w2, w1 + w2, w0 + w1, w0).
    """
    rows = F.pad(weight, (0, 0, 0, 1)) + F.pad(weight, (0, 0, 1, 0))
    both = F.pad(rows, (0, 1)) + F.pad(rows, (1, 0))
    return both.flip(2, 3).transpose(0, 1)


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
        batch, _, height, width = h.shape
        keys = self.project(words)
        scores = torch.bmm(keys.transpose(1, 2), h.flatten(2))
        real = _legacy_rows(mask, height * width) if self.legacy_mask else mask[:, :, None]
        if real.dtype == torch.bool:
            scores = scores.masked_fill(~real, float("-inf"))
        else:
            scores = scores + real.log()
        beta = scores.softmax(dim=1)
        context = torch.bmm(keys, beta.to(keys.dtype))
        return context.view_as(h), beta.view(batch, -1, height, width)


def _legacy_rows(mask: Tensor, queries: int) -> Tensor:
    """The released code's mask, (B, T, queries): query q of sample b takes row (b Q + q) mod B.

    Its rows are ordered by sample, its mask was tiled by batch, so other samples' padding is
    applied. Only for weights trained that way (AttnGAN issue 93).
    """
    batch = mask.shape[0]
    rows = torch.arange(batch * queries, device=mask.device).remainder(batch)
    return mask[rows].view(batch, queries, -1).transpose(1, 2)
