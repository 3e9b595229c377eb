"""Inception-v3 with ImageNet weights, frozen: the image trunk of the published DAMSM.

Xu et al. 2018, section 3.2: regions are the maps after Mixed_6e, the picture is the mean of those
after Mixed_7c. The weights are torchvision's, from a file of the user's.
"""

from __future__ import annotations

from torch import Tensor

from experiments.encoder.inception import (
    FEATURES,
    INPUT_SIZE,
    REGIONS,
    InceptionTrunk,
    load_weights,
)
from experiments.encoder.weight_file import CONTENT, KEY, remedy, weight_file
from experiments.layer.resize import at_side
from experiments.terminal.error import UserError

SPARE = ("fc.", "AuxLogits.")  # the classifiers, which are not looked at


class InceptionV3(InceptionTrunk):
    """Frozen features: 17 x 17 regions of 768 channels, and one pooled vector of 2048.

    Its running statistics are those of the weights and never change; in the released code they
    drift while DAMSM trains, and a released encoder has those that it ended with.
    """

    region_channels = REGIONS
    pooled_channels = FEATURES

    def __init__(self, weights: str | None = None, input_size: int = INPUT_SIZE) -> None:
        """`weights`: a file with the state dict of torchvision's network, which a new run begins
        with; none is needed where the weights come of another run. `input_size`: side in pixels
        that images are resized to.
        """
        super().__init__("padded", "padded")
        assert input_size >= 75, f"input_size={input_size}: the network needs 75 px at least"
        self.weights, self.input_size = weights, input_size
        self.requires_grad_(False)
        self.eval()

    def read_weights(self) -> None:
        """Raises `UserError` where the file is not given, missing or of another network."""
        path = weight_file(self.weights)
        try:
            load_weights(self, path, f"{KEY}={path}: not {CONTENT}", SPARE)
        except UserError as error:
            raise UserError(f"{error}; {remedy()}") from error

    def train(self, mode: bool = True) -> InceptionV3:
        """Stay in eval mode: the trunk is a fixed function whatever its owner does."""
        return super().train(False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images (B, 3, H, W) in [-1, 1]; returns regions (B, 768, N), N 289 of 299 px, and pooled
        (B, 2048)."""
        regions, last = self.maps(at_side(images.float(), self.input_size))
        return regions.flatten(2), last.mean((2, 3))
