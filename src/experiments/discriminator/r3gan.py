"""R3GAN's discriminator (Huang et al. 2024, section 4): the generator's blocks backwards, and a
product with the condition."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from experiments.discriminator.base import MAP_SIZE, Discriminator, Logits
from experiments.layer.r3gan import scaled_normal, stages
from experiments.layer.start import layers_own_start
from experiments.layer.width import widths_of


class R3GANDiscriminator(Discriminator):
    """<D(x), E e> of picture and sentence; without a sentence D(x) is one number."""

    def __init__(
        self,
        resolutions: Sequence[int] = (64,),
        width: int = 384,
        most: int = 8,
        text_dim: int = 256,
        group: int = 16,
    ) -> None:
        """As `R3GANGenerator`; `text_dim` 0: pictures are judged alone."""
        super().__init__()
        (resolution,) = resolutions
        widths = widths_of(resolution, width, most)
        last = widths[-1]
        self.resolutions = [resolution]
        self.first = nn.Conv2d(3, width, 1, bias=False)
        self.layers = stages(widths, group, up=False)
        self.basis = nn.Conv2d(last, last, MAP_SIZE, groups=last, bias=False)
        self.out = nn.Linear(last, last if text_dim else 1, bias=False)
        self.embed = nn.Linear(text_dim, last, bias=False) if text_dim else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The layers of its own; blocks have theirs."""
        for layer in (self.first, self.basis, self.out):
            scaled_normal(layer)
        if self.embed is not None:  # so that the product has the scale of one number
            scaled_normal(self.embed, 1.0 / math.sqrt(self.embed.out_features))

    def own_start(self) -> None:
        """Blocks begin as the identity."""
        layers_own_start(self)

    def trunks(self, batches: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        """All batches at once: no picture depends on another."""
        images = [image for (image,) in batches]
        maps = self.layers(self.first(torch.cat(images)))
        return [[part] for part in maps.split([len(image) for image in images])]

    def heads(
        self, features: Sequence[Sequence[Tensor]], conditions: Sequence[Tensor]
    ) -> list[list[Logits]]:
        found: list[list[Logits]] = []
        for (maps,), told in zip(features, conditions, strict=True):
            values = self.out(self.basis(maps).flatten(1))
            if self.embed is None:
                found.append([(values.flatten(), None)])
            else:
                found.append([((values * self.embed(told.to(maps.dtype))).sum(1), None)])
        return found
