"""word-LSTM: a sentence as the mean of an LSTM's states (Reed et al. 2016, CVPR, section 4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from experiments.encoder.recurrent import initialise_uniform


class WordLSTM(nn.Module):
    """One layer of LSTM from the first word to the last.

    The released code has the layer but no training script: the sizes, and the mean over the words
    of a caption without its padding, are this project's choice.
    """

    name = "word_lstm"
    gives_words = False

    def __init__(
        self, vocabulary_size: int, dim: int = 1024, embedding_dim: int = 300, width: int = 512
    ) -> None:
        """`vocabulary_size` counts every index, padding and unknown word included."""
        super().__init__()
        self.dim = dim
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, width, batch_first=True)
        self.out = nn.Linear(width, dim)
        initialise_uniform(self)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T) int64, 0 on the padding; lengths: (B,), each from 1 to T. Returns None, as
        words have no features of their own, and sentence (B, dim).
        """
        lengths = lengths.to(tokens.device)
        states, _ = self.lstm(self.embedding(tokens))
        # No state looks ahead, so the padding behind a caption changes none of its own.
        kept = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
        total = (states * kept[..., None]).sum(1)
        return None, self.out(total / lengths[:, None])
