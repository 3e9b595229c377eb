"""VGG-Face, which Speech2Face takes features of faces from (Parkhi et al. 2015).

The weights are a file of the user's: the state dict of `vgg_face_dag` as Albanie converted it from
the release for MatConvNet, whose names are those of the paper's layers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.encoder.inception import load_weights
from experiments.encoder.weight_file import FACES, KEY, remedy, weight_file
from experiments.layer.resize import at_side
from experiments.terminal.error import UserError

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions
SIDE, FEATURES, PEOPLE = 224, 4096, 2622
MEAN = (129.186279296875, 104.76238250732422, 93.59396362304688)  # RGB, of 0 to 255


class VGGFace(nn.Module):
    """Frozen: regions (512 channels, 7 x 7), and the 4,096 values of fc7."""

    region_channels, pooled_channels = BLOCKS[-1][0], FEATURES

    def __init__(self, weights: str | None = None, relu: bool = False) -> None:
        """`weights`: the file, which a new run begins with. `relu`: take fc7 behind its ReLU."""
        super().__init__()
        self.weights, self.relu = weights, relu
        inputs = 3
        for block, (channels, count) in enumerate(BLOCKS, start=1):
            for number in range(1, count + 1):
                setattr(self, f"conv{block}_{number}", nn.Conv2d(inputs, channels, 3, padding=1))
                inputs = channels
        self.fc6 = nn.Linear(inputs * 7 * 7, FEATURES)
        self.fc7 = nn.Linear(FEATURES, FEATURES)
        self.fc8 = nn.Linear(FEATURES, PEOPLE)
        self.requires_grad_(False)
        self.eval()

    def read_weights(self) -> None:
        """Raises `UserError` where the file is not given, missing or of another network."""
        path = weight_file(self.weights, FACES)
        try:
            load_weights(self, path, f"{KEY}={path}: not {FACES}")
        except UserError as error:
            raise UserError(f"{error}; {remedy(FACES)}") from error

    def train(self, mode: bool = True) -> VGGFace:
        """Stay in eval mode: it is a fixed function whatever its owner does."""
        return super().train(False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images: (B, 3, H, W) in [-1, 1]. Returns regions (B, 512, 49) and fc7 (B, 4096)."""
        x = (at_side(images.float(), SIDE) + 1) * 127.5
        x = x - torch.tensor(MEAN, device=x.device).view(1, 3, 1, 1)
        for block, (_, count) in enumerate(BLOCKS, start=1):
            for number in range(1, count + 1):
                x = getattr(self, f"conv{block}_{number}")(x).relu()
            x = F.max_pool2d(x, 2)
        found = self.fc7(self.fc6(x.flatten(1)).relu())
        return x.flatten(2), found.relu() if self.relu else found

    def says(self, vectors: Tensor) -> dict[str, Tensor]:
        """Logits (B, 2622) of the people that it knows, of fc7 (B, 4096)."""
        return {"class": self.fc8(vectors.relu())}
