"""DAMSM: words, sentences, image regions and images in one space (Xu et al. 2018, section 3.2)."""

from __future__ import annotations

from torch import Tensor, nn

from experiments.encoder.text_image import TextImageEncoder


class DAMSM(TextImageEncoder):
    """A text encoder that gives every word its features, and an image trunk with two linear heads.

    What they must offer stands at `TextImageEncoder`. Where captions are heard, words are stretches
    of sound (this project's choice), and `name` is damsm_speech.
    """

    name = "damsm"

    def __init__(self, text: nn.Module, image: nn.Module, dim: int = 256) -> None:
        super().__init__(text, image, dim)
        assert getattr(text, "gives_words", True), (
            "DAMSM compares every word with the picture, and this text encoder gives sentences only"
        )
        if self.reads == "speech":
            self.name = "damsm_speech"
        # A 1x1 convolution over regions that are already flattened.
        self.region_head = nn.Conv1d(int(image.region_channels), dim, 1, bias=False)  # type: ignore[arg-type]
        self.vector_head = nn.Linear(int(image.pooled_channels), dim)  # type: ignore[arg-type]

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
