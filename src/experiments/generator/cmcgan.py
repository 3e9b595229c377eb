"""CMCGAN's four networks, which two modalities share (Hao et al. 2018). No code was released and
the paper gives no layers: those here are this project's choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from experiments.layer.halving import Doublings, Halvings
from experiments.layer.normalisation import Norm

Side = Literal["picture", "sound"]
SIDES: tuple[Side, Side] = ("picture", "sound")


class SideEncoder(nn.Module):
    """One modality (B, *shape) -> its feature (B, dim)."""

    def __init__(self, shape: Sequence[int], width: int, dim: int, norm: Norm) -> None:
        super().__init__()
        self.layers = Halvings(shape, width, norm)
        self.feature = nn.Linear(self.layers.size, dim)

    def forward(self, values: Tensor) -> Tensor:
        return self.feature(self.layers(values).flatten(1))  # type: ignore[no-any-return]


class CMCGANGenerator(nn.Module):
    """Encoder and decoder of pictures and of sounds. Each of the four ways from one modality to
    one, itself included, is an encoder, noise and a decoder; there are no other weights."""

    def __init__(
        self,
        resolutions: Sequence[int] = (128,),
        sound: Sequence[int] = (1, 128, 32),
        width: int = 64,
        dim: int = 512,
        noise_dim: int = 100,
        norm: Norm = "batch",
        encoded: bool = True,
    ) -> None:
        """`resolutions`: the side of pictures, one. `sound`: the shape of a spectrogram, (1, bins,
        frames), in [-1, 1]. `width`: channels of the first map, which double to 8 times that. `dim`
        of a feature. `noise_dim` of the latent vector; 0: none, the paper's NLCMCGAN. `norm`: group
        where several processes must agree with one. `encoded`: with encoders of its own; without
        them features are given (this project's choice).
        """
        super().__init__()
        (resolution,) = resolutions
        self.resolutions = [resolution]
        self.dim, self.noise_dim = dim, noise_dim
        self.shapes: dict[Side, tuple[int, ...]] = {
            "picture": (3, resolution, resolution),
            "sound": tuple(sound),
        }
        encoders, decoders = dict[str, nn.Module](), dict[str, nn.Module]()
        for side, shape in self.shapes.items():
            if encoded:
                encoders[side] = SideEncoder(shape, width, dim, norm)
            decoders[side] = Doublings(dim + noise_dim, shape, width, norm)
        self.encoders, self.decoders = nn.ModuleDict(encoders), nn.ModuleDict(decoders)

    def encode(self, values: Tensor, side: Side) -> Tensor:
        """(B, *shapes[side]) in [-1, 1] -> (B, dim)."""
        return self.encoders[side](values)  # type: ignore[no-any-return]

    def decode(self, feature: Tensor, noise: Tensor, side: Side) -> Tensor:
        """Features (B, dim) of either side and noise (B, noise_dim) ~ N(0, I) -> (B,
        *shapes[side]) in [-1, 1]."""
        return self.decoders[side](torch.cat((feature, noise.to(feature.dtype)), dim=1))  # type: ignore[no-any-return]

    def forward(self, values: Tensor, noise: Tensor, source: Side, target: Side) -> Tensor:
        """What one side makes of the other, or of itself."""
        return self.decode(self.encode(values, source), noise, target)
