"""The generator of GAN-CLS and its relatives (Reed 2016, section 4; widths as released)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor, nn

from experiments.generator.base import (
    SEED_SIZE,
    Generator,
    GeneratorOutput,
    Noise,
    as_uniform,
    doublings,
)
from experiments.layer.normalisation import Norm, normalisation
from experiments.layer.residual import Bottleneck

SLOPE = 0.2


class ReedGenerator(Generator):
    """Projected sentence and noise to a 4x4 map, then stride-2 transposed convolutions."""

    def __init__(
        self,
        resolutions: Sequence[int] = (64,),
        width: int = 128,
        noise_dim: int = 100,
        text_dim: int = 1024,
        projected_dim: int = 128,
        residual: bool = True,
        norm: Norm = "batch",
        noise: Noise = "normal",
        channels: int = 3,
    ) -> None:
        """`width`: channels of the last map but the picture (ngf); they double towards 4x4.
        `residual`: a bottleneck block after each of the two smallest maps, as released; without it
        the plain stack of the paper's text. `noise`: what z is, normal as released, or uniform in
        [-1, 1] as in the first GANs (Goodfellow 2014, Radford 2016). 64 px is published.
        `channels`: of what is drawn, 1 for a spectrogram (Chen 2017).
        """
        super().__init__()
        (resolution,) = resolutions
        ups = doublings(resolution)
        assert noise in get_args(Noise), noise
        self.resolutions, self.noise = [resolution], noise
        self.noise_dim, self.condition_dim, self.text_dim = noise_dim, 0, text_dim
        self.project = nn.Sequential(nn.Linear(text_dim, projected_dim), nn.LeakyReLU(SLOPE))
        widths = [width << step for step in range(ups - 1, -1, -1)]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(projected_dim + noise_dim, widths[0], SEED_SIZE, bias=False),
            normalisation(norm, widths[0]),
        ]
        for index, inputs in enumerate(widths):
            if residual and index < 2 and index < len(widths) - 1:
                layers.append(Bottleneck(inputs, inputs // 4, norm, nn.ReLU()))
            layers.append(nn.ReLU())
            outputs = widths[index + 1] if index + 1 < len(widths) else channels
            layers.append(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False))
            if index + 1 < len(widths):
                layers.append(normalisation(norm, outputs))
        self.layers = nn.Sequential(*layers)

    def forward(self, noise: Tensor, epsilon: Tensor, sentence: Tensor) -> GeneratorOutput:
        """noise (B, noise_dim) ~ N(0, I); epsilon is not used; sentence (B, text_dim)."""
        noise = as_uniform(noise) if self.noise == "uniform" else noise
        seed = torch.cat((noise, self.project(sentence)), dim=1)
        return GeneratorOutput([torch.tanh(self.layers(seed[:, :, None, None]).float())])
