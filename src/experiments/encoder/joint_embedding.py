"""The structured joint embedding: captions and images as vectors (Reed et al. 2016, CVPR)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from experiments.encoder.text_image import TextImageEncoder


class JointEmbedding(TextImageEncoder):
    """phi(t) of a sentence encoder beside theta(v), a linear head over an image trunk.

    In the paper theta is the identity on a fixed GoogLeNet feature of 1024 values. A head lets any
    trunk with `pooled_channels` stand there, fixed or trained (this project's choice).
    """

    def __init__(
        self, text: nn.Module, image: nn.Module, dim: int = 1024, normalise: bool = False
    ) -> None:
        """`normalise`: vectors of both sides have length 1, so that their product is a cosine (this
        project's choice; the paper's are not normalised).
        """
        super().__init__(text, image, dim)
        self.name = str(text.name)
        if hasattr(text, "without_words"):
            text.without_words()  # type: ignore[operator]
        self.normalise = normalise
        self.vector_head = nn.Linear(int(image.pooled_channels), dim)  # type: ignore[arg-type]

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T); lengths: (B,). Returns None, as words have no features, and sentence
        (B, dim)."""
        return None, self._scaled(self.text(tokens, lengths)[1])

    def encode_image(self, images: Tensor) -> tuple[None, Tensor]:
        """images: (B, 3, H, W) in [-1, 1]. Returns None, as no region is kept, and vector (B, dim).

        A pair, as every encoder of images beside text gives one.
        """
        return None, self._scaled(self.vector_head(self.image(images)[1]))

    def _scaled(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors, dim=1) if self.normalise else vectors
