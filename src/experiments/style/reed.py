"""The style encoder: a picture to the noise that draws it (Reed 2016, section 4.4)."""

from __future__ import annotations

from torch import Tensor, nn

from experiments.discriminator.reed import MAP_SIZE, ReedTrunk
from experiments.layer.normalisation import JudgeNorm


class StyleEncoder(nn.Module):
    """S: the picture's side of GAN-CLS's discriminator, down to 4x4, and a linear output.

    The paper leaves the layers open; the released code has no style encoder.
    """

    def __init__(
        self,
        resolution: int = 64,
        noise_dim: int = 100,
        width: int = 64,
        residual: bool = True,
        norm: JudgeNorm = "batch",
        condition_dim: int = 0,
    ) -> None:
        """`resolution`: side of the pictures. `noise_dim`: that of the generator. `condition_dim`:
        that of the noise of its conditioning augmentation, where this is to be read as well.
        `width` (ndf) and `residual` are those of `ReedDiscriminator`.
        """
        super().__init__()
        self.resolution, self.noise_dim = resolution, noise_dim
        self.condition_dim = condition_dim
        self.layers = ReedTrunk(resolution, width, residual, norm)
        self.head = nn.Conv2d(self.layers.channels, noise_dim + condition_dim, MAP_SIZE)

    def forward(self, images: Tensor) -> Tensor:
        """images: (B, 3, R, R) in [-1, 1]. Returns the noise (B, noise_dim + condition_dim) in
        float32."""
        return self.head(self.layers(images)).flatten(1).float()
