"""R3GAN's generator (Huang et al. 2024, section 4, "Config E"), told a sentence where the authors
tell a class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from experiments.generator.base import SEED_SIZE, Generator, GeneratorOutput
from experiments.layer.r3gan import scaled_normal, stages
from experiments.layer.start import layers_own_start
from experiments.layer.width import widths_of


class R3GANGenerator(Generator):
    """A learned 4x4 map, weighed by noise and sentence, through grouped residual blocks."""

    def __init__(
        self,
        resolutions: Sequence[int] = (64,),
        width: int = 384,
        most: int = 8,
        noise_dim: int = 64,
        text_dim: int = 256,
        projected_dim: int = 64,
        group: int = 16,
    ) -> None:
        """`width`: channels at the largest side; they double towards 4x4, up to `most` times it
        (FFHQ-256: 96 and 8, FFHQ-64: 384 and 2, CIFAR-10: 768 and 1). `projected_dim`: numbers of
        the sentence beside those of the noise. `text_dim` 0: it is told nothing. `group`: channels
        of a group of the 3x3 convolutions, 32 for ImageNet.
        """
        super().__init__()
        (resolution,) = resolutions
        widths = widths_of(resolution, width, most)[::-1]
        self.resolutions, self.noise_dim, self.condition_dim = [resolution], noise_dim, 0
        self.text_dim = text_dim
        self.project = nn.Linear(text_dim, projected_dim, bias=False) if text_dim else None
        self.basis = nn.Parameter(torch.empty(widths[0], SEED_SIZE, SEED_SIZE))
        told = noise_dim + (projected_dim if text_dim else 0)
        self.weigh = nn.Linear(told, widths[0], bias=False)
        self.layers = stages(widths, group, up=True)
        self.head = nn.Conv2d(widths[-1], 3, 1, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The layers of its own; blocks have theirs."""
        nn.init.normal_(self.basis)
        for layer in (self.project, self.weigh, self.head):
            if layer is not None:
                scaled_normal(layer)

    def own_start(self) -> None:
        """Blocks begin as the identity."""
        layers_own_start(self)

    def forward(self, noise: Tensor, epsilon: Tensor, sentence: Tensor) -> GeneratorOutput:
        """noise (B, noise_dim) ~ N(0, I); epsilon is not used; sentence (B, text_dim). There is no
        tanh: pictures that are not for training are cut to [-1, 1]."""
        told = noise
        if self.project is not None:
            told = torch.cat((noise, self.project(sentence)), dim=1)
        h = self.weigh(told)[:, :, None, None] * self.basis
        image = self.head(self.layers(h)).float()
        return GeneratorOutput([image if self.training else image.clamp(-1.0, 1.0)])
