"""In place of a text encoder: sentence embeddings that come from elsewhere.

StackGAN-v2's authors released a generator and the embeddings of their data sets, but no text
encoder (Zhang et al. 2018; the encoder is that of Reed et al. 2016, CVPR, in Lua Torch).
"""

from __future__ import annotations

from typing import NoReturn, Self

from torch import Tensor, nn

from experiments.data.text.reading import Reads
from experiments.terminal.error import UserError


class GivenSentences(nn.Module):
    """Says how wide the embeddings are, and refuses captions. It has no weights."""

    name = "given_sentences"
    reads: Reads = "characters"  # as the encoder did that is not here; no vocabulary is asked for
    gives_words = False
    sees_pictures = False
    reading: tuple[str, ...] = ()

    def __init__(self, dim: int = 1024) -> None:
        super().__init__()
        self.dim = dim

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> NoReturn:
        """Raises `UserError`."""
        raise UserError(
            f"encoder: this run has no text encoder and reads no captions; in Python, load(run)."
            f"draw(sentences, seeds) draws from embeddings of {self.dim} numbers"
        )

    def freeze(self) -> Self:
        """Nothing in it trains."""
        return self
