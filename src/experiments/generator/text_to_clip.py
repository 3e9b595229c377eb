"""A caption to a clip in two steps: its picture, and what happens next (the pipeline of 2017)."""

from __future__ import annotations

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.generator.base import Generator
from experiments.generator.scene import Streams
from experiments.generator.vgan_image import VGANImageGenerator
from experiments.layer.normalisation import Norm


class TextToClipGenerator(VGANImageGenerator):
    """VGAN from a picture, which holds a trained generator of pictures of captions. That is frozen
    and stays in evaluation mode."""

    def __init__(
        self,
        picture: Generator,
        frames: int = 32,
        side: int = 64,
        channels: int = 3,
        width: int = 128,
        noise_dim: int = 0,
        text_dim: int = 0,
        projected_dim: int = 256,
        streams: Streams = "two",
        norm: Norm = "batch",
        completes: str | None = None,
        skips: bool = False,
        moves: bool = False,
    ) -> None:
        """`picture`: of any method that draws pictures of captions. The others are those of
        `VGANImageGenerator`; `text_dim`: of the sentence that the second step is told, 0 as in the
        source, where it never sees the text."""
        assert completes is None, "completes: a picture is given, of which nothing is hidden"
        super().__init__(
            frames,
            side,
            channels,
            width,
            noise_dim,
            text_dim,
            projected_dim,
            streams,
            norm,
            skips=skips,
            moves=moves,
        )
        self.picture = picture.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self.picture.eval()
        return self

    def sized(self, pictures: Tensor) -> Tensor:
        """Pictures (B, 3, R, R) as first frames (B, C, S, S)."""
        if self.channels == 1:
            pictures = pictures.mean(1, keepdim=True)
        if pictures.shape[-1] == self.side:
            return pictures
        size = (self.side, self.side)
        found = F.interpolate(pictures.float(), size, mode="bilinear", antialias=True)
        return torch.clamp(found, -1, 1)
