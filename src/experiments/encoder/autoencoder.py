"""The encoder and decoder of variant A of Chen et al. 2017, whose layers are not published (this
project's choice)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from experiments.frontend.excerpt import Excerpt
from experiments.layer.normalisation import Norm, normalisation

SMALLEST, SLOPE = 4, 0.2  # the shorter side of the last map


class Autoencoder(nn.Module):
    """Strided convolutions to a vector, and back: of pictures, or of the sounds of an excerpt."""

    def __init__(
        self,
        shape: Sequence[int],
        feature_dim: int = 128,
        width: int = 32,
        norm: Norm = "batch",
        excerpt: Excerpt | None = None,
    ) -> None:
        """`shape`: (C, H, W) of what it sees. `feature_dim`: numbers of the vector. `width`:
        channels of the first map; they double, up to eight times that, where its sides halve, which
        they do until the shorter is 4 to 7. `excerpt`: the sounds that it is of; None: pictures.
        """
        super().__init__()
        channels, *sides = shape
        assert excerpt is None or tuple(excerpt.shape) == tuple(shape), "another shape of sounds"
        halvings = int(math.log2(min(sides) / SMALLEST)) if min(sides) >= 2 * SMALLEST else 0
        assert halvings, f"{list(shape)} is too small; both sides must be 8 or more"
        self.shape, self.feature_dim, self.excerpt = list(shape), feature_dim, excerpt
        widths = [min(width << step, 8 * width) for step in range(halvings)]
        # Sides of every map: odd ones come back as they were, by one more pixel on the way up.
        self.sides = [tuple(sides)]
        for _ in widths:
            self.sides.append(tuple(side // 2 for side in self.sides[-1]))
        self.least = (widths[-1], *self.sides[-1])
        inputs, flat = channels, math.prod(self.least)
        down: list[nn.Module] = []
        for index, outputs in enumerate(widths):
            down.append(nn.Conv2d(inputs, outputs, 4, 2, 1))
            down += [normalisation(norm, outputs)] if index else []
            down.append(nn.LeakyReLU(SLOPE))
            inputs = outputs
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, feature_dim))
        self.seed = nn.Linear(feature_dim, flat)
        up: list[nn.Module] = []
        for index, outputs in enumerate([*widths[-2::-1], channels]):
            below, above = self.sides[-1 - index], self.sides[-2 - index]
            odd = (above[0] - 2 * below[0], above[1] - 2 * below[1])
            up += [normalisation(norm, inputs), nn.ReLU()]
            up.append(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, output_padding=odd))
            inputs = outputs
        self.decoder = nn.Sequential(*up)

    def features(self, values: Tensor) -> Tensor:
        """values (B, *shape) in [-1, 1] -> (B, feature_dim), of any sign."""
        found: Tensor = self.encoder(values)
        return found

    def forward(self, values: Tensor) -> Tensor:
        """values (B, *shape) in [-1, 1], as they come back through the vector, in (-1, 1)."""
        seed = self.seed(self.features(values)).unflatten(1, self.least)
        return torch.tanh(self.decoder(seed).float())
