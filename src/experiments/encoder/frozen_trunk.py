"""The image network of a trained encoder, as a fixed trunk of another (this project's choice)."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn


class FrozenTrunk(nn.Module):
    """What a finished classifier, DAMSM or joint embedding sees before its heads."""

    def __init__(self, encoder: nn.Module) -> None:
        """`encoder` has an `image` network, which is all that is used of it."""
        super().__init__()
        trunk = getattr(encoder, "image", None)
        assert isinstance(trunk, nn.Module), "encoder: it has no image network"
        self.encoder = encoder.requires_grad_(False)
        self.region_channels = int(trunk.region_channels)  # type: ignore[arg-type]
        self.pooled_channels = int(trunk.pooled_channels)  # type: ignore[arg-type]
        self.eval()

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode: it is a fixed function whatever its owner does."""
        return super().train(False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images (B, 3, H, W) in [-1, 1]; returns regions (B, region_channels, N) and pooled
        (B, pooled_channels)."""
        found: tuple[Tensor, Tensor] = self.encoder.image(images)  # type: ignore[operator]
        return found
