"""Codes of sentences and pictures in one space of 512 (the pipeline of 2017, its second step).

Source: multimodal-embedding-siamese-network of Toni-Antonova/Joint-Multimodal-Embedding; what
differs here stands in docs/siamese.md.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.encoder.text_image import TextImageEncoder

Pixels = Literal["signed", "raw"]


def tower(inputs: int, hidden: int, dim: int, dropout: float) -> nn.Sequential:
    """Either side's own layers: inputs -> hidden -> dim, all rectified."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.ReLU()
    )


class Siamese(TextImageEncoder):
    """Two towers of dense layers: over a fixed encoder of sentences, and over an image trunk."""

    name = "siamese"
    reading = ("text", "text_tower")

    def __init__(
        self,
        text: nn.Module,
        image: nn.Module,
        dim: int = 512,
        hidden: int = 500,
        dropout: float = 0.5,
        normalise: bool = True,
        pixels: Pixels = "signed",
        actions: bool = False,
    ) -> None:
        """`text` never changes; its sentences are what the first tower is given. `normalise`: codes
        have length 1, so that the margin means the same for all (this project's choice; the
        source's are as long as they become). `pixels`: the trunk sees numbers in [-1, 1], as such
        trunks are made for, or 0 to 255 (the source's slip). `actions`: a head that tells from the
        code of a sentence which words say what happens; the text encoder has vectors of words then.
        """
        super().__init__(text, image, int(text.dim))  # type: ignore[arg-type]
        self.dim, self.normalise, self.pixels = dim, normalise, pixels
        text.requires_grad_(False)
        self.text_tower = tower(int(text.dim), hidden, dim, dropout)  # type: ignore[arg-type]
        pooled: Any = image.pooled_channels
        self.image_tower = tower(int(pooled), hidden, dim, dropout)
        for layer in (*self.text_tower, *self.image_tower):
            if isinstance(layer, nn.Linear):  # as Keras begins
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
        self.action_head: nn.Linear | None = None
        if actions:
            vectors: Any = getattr(text, "vectors", None)
            assert vectors is not None, "actions: the text encoder has no vectors of words"
            self.action_head = nn.Linear(dim, max(1, int(vectors.actions.sum())))

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T); lengths: (B,). Returns None, as words have no features, and the code
        (B, dim)."""
        with torch.no_grad():
            sentence = self.text(tokens, lengths)[1]
        return None, self._scaled(self.text_tower(sentence))

    def encode_image(self, images: Tensor) -> tuple[None, Tensor]:
        """images: (B, 3, H, W) in [-1, 1]. Returns None, as no region is kept, and the code
        (B, dim)."""
        seen = images if self.pixels == "signed" else (images + 1) * 127.5
        return None, self._scaled(self.image_tower(self.image(seen)[1]))

    def action_loss(self, code: Tensor, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Cross-entropy of the words that say what happens, told from codes (B, dim): the mean over
        those of a sentence, and over the batch; a sentence without one counts 0."""
        assert self.action_head is not None, "encoder.actions is false"
        actions: Tensor = self.text.vectors.actions  # type: ignore[union-attr, assignment]
        there = (
            torch.arange(tokens.shape[1], device=tokens.device) < lengths.to(tokens.device)[:, None]
        )
        numbers = (actions.cumsum(0) - 1).clamp_min(0)[tokens]  # among the words of actions
        told = self.action_head(code).float().log_softmax(1).gather(1, numbers)
        counts = (actions[tokens] & there).float()
        return -((told * counts).sum(1) / counts.sum(1).clamp_min(1)).mean()

    def _scaled(self, codes: Tensor) -> Tensor:
        return F.normalize(codes.float(), dim=1, eps=1e-6) if self.normalise else codes
