"""DAMSM: words, sentences, image regions and images in one space (Xu et al. 2018, section 3.2)."""

from __future__ import annotations

from torch import Tensor, nn


class DAMSM(nn.Module):
    """A text encoder beside an image trunk with two linear heads.

    text: maps (tokens, lengths) to words (B, dim, T) and sentence (B, dim); attribute `dim`.
    image: maps images to regions (B, C_r, N) and pooled (B, C_g); attributes `region_channels` and
    `pooled_channels`.
    """

    def __init__(self, text: nn.Module, image: nn.Module, dim: int = 256) -> None:
        super().__init__()
        assert text.dim == dim, f"the text encoder gives {text.dim} features, not dim={dim}"
        self.dim = dim
        self.text = text
        self.image = image
        # A 1x1 convolution over regions that are already flattened.
        self.region_head = nn.Conv1d(int(image.region_channels), dim, 1, bias=False)  # type: ignore[arg-type]
        self.vector_head = nn.Linear(int(image.pooled_channels), dim)  # type: ignore[arg-type]
        self._frozen = False

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """tokens: (batch, T); lengths: (batch,). Returns words (B, dim, T), sentence (B, dim)."""
        return self.text(tokens, lengths)

    def encode_image(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images: (batch, 3, H, W) in [-1, 1]. Returns regions (B, dim, N), vector (B, dim)."""
        regions, pooled = self.image(images)
        return self.region_head(regions), self.vector_head(pooled)

    def forward(
        self, tokens: Tensor, lengths: Tensor, images: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Both sides of a batch: words, sentence, regions, vector."""
        return *self.encode_text(tokens, lengths), *self.encode_image(images)

    def freeze(self) -> DAMSM:
        """Make it a fixed function: no parameter trains, and train mode never returns.

        Gradients still flow through it to the images.
        """
        self._frozen = True
        self.requires_grad_(False)
        return self.eval()

    def train(self, mode: bool = True) -> DAMSM:
        return super().train(mode and not self._frozen)
