"""A face from its features: Cole et al. 2017, with the layers of an open port of Speech2Face.

A trunk, one branch that says where 72 points of the face are, and one that paints its texture as if
every face had the same shape. The face is the texture, bent until its points are where the first
branch has them. Ports stop at the texture. Without points, which few data have, so does this one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from experiments.layer.warp import warp
from experiments.layer.width import scaled

TRUNK = (3072, 2048)
LANDMARKS = (1024, 512, 256)
MAPS, TEXTURE = 256, (128, 64, 32, 32)
HALVINGS = 2 ** len(TEXTURE)


class Face(NamedTuple):
    """A face (B, 3, S, S) in [-1, 1], its texture, and its points (B, P, 2), x to the right and y
    down from -1 to 1, or None."""

    picture: Tensor
    texture: Tensor
    points: Tensor | None


class FaceDecoder(nn.Module):
    """Features (B, dim) to a face of `size` pixels."""

    shape: Tensor  # (P, 2): the points that textures have, the mean of those that were seen
    seen: Tensor  # batches of them

    def __init__(
        self, dim: int = 4096, size: int = 224, width: float = 1.0, points: int | None = 72
    ) -> None:
        """`size`: a multiple of 16. `width`: of all layers, as a share of the published widths.
        `points`: of a face; None: it is its texture.
        """
        super().__init__()
        assert size > 0 and size % HALVINGS == 0, f"size={size}: must be a multiple of {HALVINGS}"
        assert width > 0, f"width={width}: must be positive"
        self.dim, self.size, self.points = dim, size, points
        first, second = (scaled(channels, width) for channels in TRUNK)
        self.first, self.second = _layer(dim, first), _layer(first, second)
        maps, side = scaled(MAPS, width), size // HALVINGS
        layers: list[nn.Module] = [
            nn.Linear(second, maps * side * side),
            nn.ReLU(),
            nn.Unflatten(1, (maps, side, side)),
        ]
        for channels in TEXTURE:
            outputs = scaled(channels, width)
            layers += [nn.ConvTranspose2d(maps, outputs, 5, 2, 2, output_padding=1), nn.ReLU()]
            maps = outputs
        self.texture = nn.Sequential(*layers, nn.Conv2d(maps, 3, 1))
        self.landmarks = None
        if points is not None:
            assert points >= 3, f"points={points}: three are needed to bend a picture"
            sides = [second, *(scaled(channels, width) for channels in LANDMARKS)]
            branch = [_layer(*pair) for pair in pairwise(sides)]
            self.landmarks = nn.Sequential(*branch, nn.Linear(sides[-1], 2 * points))
            self.register_buffer("shape", torch.zeros(points, 2))
            self.register_buffer("seen", torch.zeros(()))

    def forward(self, features: Tensor) -> Face:
        """features: (B, dim)."""
        trunk = self.second(self.first(features))
        texture = torch.tanh(self.texture(trunk).float())
        if self.landmarks is None:
            return Face(texture, texture, None)
        assert self.points is not None
        points = self.landmarks(trunk).float().view(-1, self.points, 2)
        return Face(warp(texture, self.mean(points), points), texture, points)

    def learn_shape(self, points: Tensor) -> None:
        """Take the points (B, P, 2) of real faces into the mean shape."""
        with torch.no_grad():
            self.seen += 1
            self.shape += (points.float().mean(0) - self.shape) / self.seen

    def mean(self, like: Tensor) -> Tensor:
        """The mean shape for each row of `like` (B, P, 2)."""
        return self.shape.expand_as(like)


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU())
