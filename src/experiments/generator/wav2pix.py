"""Wav2Pix's generator: what was heard to a picture (Duarte et al. 2019, section 3; as released)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from experiments.generator.base import SEED_SIZE, doublings
from experiments.layer.dropout import dropped, share_of
from experiments.layer.normalisation import Norm, normalisation
from experiments.layer.spectral import SpectralConvTranspose2d


class Wav2PixGenerator(nn.Module):
    """Transposed convolutions with weights of bounded norm. It has no z: dropout is its noise."""

    def __init__(
        self,
        resolutions: Sequence[int] = (128,),
        width: int = 64,
        heard_dim: int = 128,
        dropout: float = 0.5,
        norm: Norm | None = None,
    ) -> None:
        """`width`: channels of the last map but the picture; they double towards 4x4.
        `heard_dim`: of the vector of what was heard. `dropout`: share of the values of every map
        but the picture that are left out, in whole 256ths. 64 and 128 px are published. `norm`:
        behind each layer but the last, so that sounds of any size do not saturate the picture
        (this project's choice); None, as released: weights of bounded norm alone.
        """
        super().__init__()
        (resolution,) = resolutions
        share_of(dropout)
        self.resolutions, self.heard_dim, self.dropout = [resolution], heard_dim, dropout
        widths = [width << step for step in range(doublings(resolution) - 1, -1, -1)]
        self.seed = SpectralConvTranspose2d(heard_dim, widths[0], SEED_SIZE)
        self.ups = nn.ModuleList(
            SpectralConvTranspose2d(inputs, outputs, 4, 2, 1)
            for inputs, outputs in zip(widths, [*widths[1:], 3], strict=True)
        )
        self.norms = nn.ModuleList(normalisation(norm, width) for width in widths if norm)

    def forward(self, heard: Tensor, noise: Tensor | None) -> Tensor:
        """heard (B, heard_dim); noise (B,) int64, a number a row, of which its dropout is made;
        None: nothing is left out. Returns (B, 3, R, R) in [-1, 1]."""
        x = self.seed(heard[:, :, None, None])
        for layer, up in enumerate(self.ups):
            if self.norms:
                x = self.norms[layer](x)
            if noise is not None:
                x = dropped(x, noise, layer, self.dropout)
            x = up(x.relu())
        return torch.tanh(x.float())
